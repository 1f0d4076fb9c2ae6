/** The range of a partition on which an index is being built; literals as SQL, null for MINVALUE and MAXVALUE. */
export interface RestingRange {
  readonly from: string | null;
  readonly to: string | null;
}

/**
 * The partitions that step 6 is building on: replay may leave out positions in them, which stay in the log until the partition is at work again,
 * instead of waiting for the lock of the build. Who does not ask waits, and loses nothing.
 */
export class PartitionsAtRest {
  readonly #resting = new Map<string, RestingRange | 'default'>();

  /** `bound` as `pg_get_expr` prints it. The answer ends the rest; it may be called twice. */
  rest(oid: string, bound: string): () => void {
    this.#resting.set(oid, rangeOf(bound));
    return () => this.#resting.delete(oid);
  }

  get ranges(): readonly RestingRange[] {
    return [...this.#resting.values()].filter((range) => range !== 'default');
  }

  /** Then any position that no other partition holds may be meant. */
  get hasDefault(): boolean {
    return [...this.#resting.values()].includes('default');
  }
}

function rangeOf(bound: string): RestingRange | 'default' {
  const parts = /^FOR VALUES FROM \((.*)\) TO \((.*)\)$/s.exec(bound);
  if (parts === null) return 'default';
  const [, from = '', to = ''] = parts;
  return { from: from === 'MINVALUE' ? null : from, to: to === 'MAXVALUE' ? null : to };
}
