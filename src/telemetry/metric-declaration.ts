/**
 * One metric family as the program and the generated pages know it. Names carry no `partitiond_` prefix here.
 * process: exists in every process. leader: only where this process leads the database; carries `database`. table: likewise, and carries
 * `database`, `schema` and `table`.
 */
export interface MetricDeclaration {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Label names beyond those that the scope brings. */
  readonly labels: readonly string[];
  /** One sentence with a full stop; names the unit. */
  readonly help: string;
  readonly scope: 'process' | 'leader' | 'table';
  /** events: kept up to date as things happen. snapshot: rebuilt as a whole from what was read of the tables last. */
  readonly source: 'events' | 'snapshot';
  /** Upper bounds of a histogram, in the unit of its name. */
  readonly buckets?: readonly number[];
}

/** Families as catalogue/ writes them: type, labels, help, and which buckets. */
export type FamilyDrafts<Name extends string = string> = Readonly<
  Record<Name, readonly [type: MetricDeclaration['type'], labels: readonly string[], help: string, buckets?: 'task' | 'lock']>
>;

/** All label names of a family, in the order of its scope. */
export function labelNames(declaration: MetricDeclaration): readonly string[] {
  return [...scopeLabels[declaration.scope], ...declaration.labels];
}

const scopeLabels: Readonly<Record<MetricDeclaration['scope'], readonly string[]>> = {
  process: [],
  leader: ['database'],
  table: ['database', 'schema', 'table'],
};
