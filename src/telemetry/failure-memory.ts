/**
 * Remembers how a subject (a table) failed when a group (one database's tasks) last had it at work, so that a failure which outlasts the next
 * time is told apart from one that is seen for the first time. A run that leaves the subject out changes nothing. Runs of one group follow
 * one another.
 */
export class FailureMemory {
  readonly #last = new Map<string, ReadonlySet<string>>();
  readonly #current = new Map<string, Set<string>>();

  /** Records a failure; true when the subject failed in the same way the last time. */
  isRepeated(group: string, subject: string, failure: string): boolean {
    const key = `${group}\0${subject}`;
    this.#current.set(key, (this.#current.get(key) ?? new Set()).add(failure));
    return this.#last.get(key)?.has(failure) === true;
  }

  /** The subject has been at work: what did not fail by now is forgotten. */
  finished(group: string, subject: string): void {
    const key = `${group}\0${subject}`;
    const failures = this.#current.get(key);
    this.#current.delete(key);
    if (failures === undefined) this.#last.delete(key);
    else this.#last.set(key, failures);
  }
}
