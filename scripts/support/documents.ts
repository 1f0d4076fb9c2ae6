/** A document that is written by a program from what the code declares. */
export interface GeneratedDocument {
  /** From the project's root. */
  readonly path: string;
  /** The whole text, with a newline at its end. */
  readonly render: () => string | Promise<string>;
}

export const documents: readonly GeneratedDocument[] = [];
