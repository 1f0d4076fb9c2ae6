import type { ComparedProbe, SideResult } from '../../probe/compare-sides.ts';
import { printable } from './printable.ts';
import { textTable } from './text-table.ts';

/** Probes through the old and the new table, one line each; what failed below, with its reason. */
export function comparedProbesText(probes: readonly ComparedProbe[]): string {
  const columns = [
    { heading: 'PROBE', align: 'left' as const },
    ...['OLD PLANNING', 'EXECUTION', 'BLOCKS', 'NEW PLANNING', 'EXECUTION', 'BLOCKS', 'PARTITIONS'].map((heading) => ({
      heading,
      align: 'right' as const,
    })),
  ];
  const rows = probes.map((compared) => [
    printable(compared.probe),
    ...cells(compared.old),
    ...cells(compared.new),
    partitions(compared.new),
  ]);
  const failures = probes.flatMap(({ probe, old, new: fresh }) =>
    [...reasons('old', old), ...reasons('new', fresh)].map((reason) => `${printable(probe)}, ${printable(reason)}\n`),
  );
  return textTable(columns, rows) + failures.join('');
}

function cells({ planningMs, executionMs, blocks }: SideResult): readonly string[] {
  return [ms(planningMs), ms(executionMs), blocks === null ? '-' : String(blocks)];
}

function partitions({ scanned, partitions: all }: SideResult): string {
  return scanned === null || all === null ? '-' : `${scanned} of ${all}`;
}

function ms(value: number | null): string {
  return value === null ? '-' : `${value.toFixed(1)} ms`;
}

function reasons(side: string, { error }: SideResult): readonly string[] {
  return error === null ? [] : [`${side} table: ${error}`];
}
