/**
 * Remembers which failures the last run of a group (one database's tasks) had, so that one which outlasts the next run is told apart from
 * one that was seen for the first time. A run without the failure forgets it.
 */
export class FailureMemory {
  readonly #last = new Map<string, ReadonlySet<string>>();
  readonly #current = new Map<string, Set<string>>();

  /** Records the failure `key` of the run `runId`; true when the group's run before that had it too. */
  isRepeated(runId: string, group: string, key: string): boolean {
    const seen = this.#current.get(runId) ?? new Set();
    this.#current.set(runId, seen.add(key));
    return this.#last.get(group)?.has(key) === true;
  }

  endRun(runId: string, group: string): void {
    this.#last.set(group, this.#current.get(runId) ?? new Set());
    this.#current.delete(runId);
  }
}
