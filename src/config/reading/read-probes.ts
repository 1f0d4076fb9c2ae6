import type { ProbeExpectation, ProbePolicy } from '../../partition/policy.ts';
import { expectSection, probeSection } from '../declaration/probe-keys.ts';
import { type ConfigNode, isUnset, type MapNode, type Report } from '../document/config-node.ts';
import { firstSightings } from './first-sightings.ts';
import { completeValues, readMap, readOptionalList, readSection, reportValue } from './read-section.ts';

/** The probes of a table, in the order of the file; null when anything about one is wrong (reported). */
export function readProbes(table: MapNode, report: Report): readonly ProbePolicy[] | null {
  const isFirst = firstSightings(report);
  const items = readOptionalList(table, 'probes', report);
  const probes = items?.map((item) => {
    const probe = readProbe(item, report);
    return probe !== null && isFirst(probe.name, `the probe ${probe.name}`, item) ? probe : null;
  });
  const complete = probes?.filter((probe) => probe !== null) ?? [];
  return probes !== undefined && complete.length === probes.length ? complete : null;
}

function readProbe(node: MapNode, report: Report): ProbePolicy | null {
  const values = completeValues(probeSection, readSection(probeSection, withNumbersAsWritten(node), report));
  const expect = readExpectation(node, report);
  if (values === null || expect === null) return null;
  const execution = readMap(node, 'expect', report).entries.get('execution');
  if (expect.executionMs !== null && !values.analyze && execution !== undefined) {
    const reason = 'without analyze: true the query is only planned, so there is no time to compare it with';
    reportValue(execution, reason, 'any duration with analyze: true in the probe; or leave it out', false, report);
    return null;
  }
  const { name, sql, params, analyze, timeout: timeoutMs } = values;
  return { name, sql, params, analyze, timeoutMs, expect };
}

function readExpectation(probe: MapNode, report: Report): ProbeExpectation | null {
  const node = probe.entries.get('expect');
  const map = readMap(probe, 'expect', report);
  const values = completeValues(expectSection, readSection(expectSection, map, report));
  if (values === null || (!isUnset(node) && node.kind !== 'map')) return null;
  const expect = { partitions: values.partitions, planningMs: values.planning, executionMs: values.execution };
  if (Object.values(expect).some((expected) => expected !== null)) return expect;
  if ([...map.entries.keys()].every((key) => Object.hasOwn(expectSection.keys, key)))
    report(isUnset(node) ? probe : node, 'nothing is expected, so what would it be met by? Write, for example, expect: { partitions: 1 }');
  return null;
}

/** `params` are texts to PostgreSQL: 1.50 is not 1.5 there, and a number of forty digits has them all. */
function withNumbersAsWritten(probe: MapNode): MapNode {
  const params = probe.entries.get('params');
  if (params?.kind !== 'list') return probe;
  const items = params.items.map((item): ConfigNode => {
    const isNumber = item.kind === 'scalar' && item.decimal !== null;
    return isNumber ? { ...item, value: item.decimal } : item;
  });
  return { ...probe, entries: new Map([...probe.entries, ['params', { ...params, items }]]) };
}
