import type { Side } from '../../../partition/migration/spec.ts';
import { formatQualifiedName } from '../../../partition/qualified-name.ts';
import type { KeyRange } from './key-range.ts';

/** Where a comparison reads the rows of one side. */
export interface ComparedSide extends Pick<Side, 'name' | 'isOnly'> {
  /** On unqualified columns, when not all rows of the relation are compared; else null. */
  readonly condition: string | null;
}

/** What is compared with what; `log` holds the positions at which both may differ. */
export interface Comparison {
  readonly live: ComparedSide;
  readonly follower: ComparedSide;
  readonly log: { readonly schema: string; readonly name: string };
  readonly range: KeyRange;
}

export function renderFrom({ name, isOnly }: Pick<Side, 'name' | 'isOnly'>): string {
  return `${isOnly ? 'ONLY ' : ''}${formatQualifiedName(name)}`;
}

/** `FROM ... WHERE ...`, of one table, so that its columns need no alias. */
export function renderRows(side: ComparedSide, range: string): string {
  return `FROM ${renderFrom(side)} WHERE ${range}${side.condition === null ? '' : ` AND (${side.condition})`}`;
}
