const [remembered, tooMany, careful] = [20, 5, 200];

/**
 * Whether a batch should begin with ON CONFLICT DO NOTHING, which takes twice as long, or with a plain INSERT, which is in vain where a row is there
 * already (a file that is copied for the second time, rows that moved). If 5 of the last 20 were in vain, the next 200 are careful.
 */
export class ConflictMemory {
  #plain: boolean[] = [];
  #carefulLeft = 0;

  /** Asked once for each batch. */
  isCareful(): boolean {
    if (this.#carefulLeft === 0) return false;
    this.#carefulLeft -= 1;
    return true;
  }

  /** How a batch ended that began plain. */
  remember(isInVain: boolean): void {
    this.#plain = [...this.#plain, isInVain].slice(-remembered);
    if (this.#plain.filter((vain) => vain).length < tooMany) return;
    this.#plain = [];
    this.#carefulLeft = careful;
  }
}
