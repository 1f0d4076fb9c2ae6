/** A mistake that a test must notice. */
export interface Mutant {
  /** What the mistake would cost; the rest of the sentence "Somebody ...". */
  readonly mistake: string;
  /** Below src/. */
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
export const mutants: readonly Mutant[] = [];
