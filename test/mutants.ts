/** A mistake that a test must notice. */
export interface Mutant {
  /** What partitiond would do then; the rest of the sentence "It ...". */
  readonly mistake: string;
  /** From the project's root. */
  readonly file: string;
  /** Occurs exactly once in the file; when it has gone, the run fails until somebody decides about the entry. */
  readonly text: string;
  readonly replacement: string;
  /** The test that must turn red: its file, and its sentence or the beginning of its full name. */
  readonly test: { readonly file: string; readonly name: string };
}

/**
 * Planted mistakes, each of which `npm run test:mutants` puts into a copy of the project; the named test must turn red. Every guard has
 * one: what stops a removal, what keeps a lock short, what fences off a second writer.
 */
export const mutants: readonly Mutant[] = [
  {
    mistake: 'attaches without the CHECK that proves the bound, so that ATTACH scans the table under its lock',
    file: 'src/ddl/step/create-partition.ts',
    text: 'ALTER TABLE ${partition} ADD CONSTRAINT ${boundCheck} CHECK (${renderRangeCondition(step)})',
    replacement: 'SELECT 1',
    test: { file: 'test/unit/ddl/render-step.test.ts', name: 'makes the table, proves the bound, attaches' },
  },
  {
    mistake: 'makes the guard of the default partition valid at once, which scans it while nobody can write',
    file: 'src/ddl/step/create-partition.ts',
    text: '(NOT (${renderRangeCondition(step)})) NOT VALID',
    replacement: '(NOT (${renderRangeCondition(step)}))',
    test: { file: 'test/unit/ddl/render-step.test.ts', name: 'guards the default partition in transactions of its own' },
  },
  {
    mistake: 'drops a table that has become a partition again',
    file: 'src/ddl/step/drop-table.ts',
    text: '\n    AND NOT c.relispartition;',
    replacement: ';',
    test: { file: 'test/unit/ddl/render-step.test.ts', name: 'checks oid, name and that it is no partition' },
  },
  {
    mistake: 'asks for a lock timeout of 0, which waits for ever',
    file: 'src/apply/lock-budget.ts',
    text: 'Math.max(1, Math.floor(',
    replacement: 'Math.max(0, Math.floor(',
    test: { file: 'test/unit/apply/lock-budget.test.ts', name: 'never asks for a timeout of 0, which would wait for ever' },
  },
  {
    mistake: 'takes neighbours for overlapping',
    file: 'src/partition/position.ts',
    text: 'a.from < b.to && b.from < a.to',
    replacement: 'a.from <= b.to && b.from <= a.to',
    test: { file: 'test/unit/partition/bound.test.ts', name: 'overlap when they share a position' },
  },
  {
    mistake: 'lets a quote end a name',
    file: 'src/partition/qualified-name.ts',
    text: "name.replaceAll('\"', '\"\"')",
    replacement: 'name',
    test: { file: 'test/unit/partition/qualified-name.test.ts', name: 'quoteIdentifier writes' },
  },
];
