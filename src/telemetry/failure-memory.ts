/**
 * Remembers which failures the last run of a group (one database's tasks) had, so that one which outlasts the next run is told apart from
 * one that is seen for the first time. A run without the failure forgets it. Runs of one group follow one another.
 */
export class FailureMemory {
  readonly #groups = new Map<string, { readonly last: ReadonlySet<string>; readonly current: Set<string> }>();

  beginRun(group: string): void {
    this.#groups.set(group, { last: this.#groups.get(group)?.current ?? new Set(), current: new Set() });
  }

  /** Records a failure of the group's present run; true when the run before had it too. */
  isRepeated(group: string, failure: string): boolean {
    const runs = this.#groups.get(group);
    runs?.current.add(failure);
    return runs?.last.has(failure) === true;
  }
}
