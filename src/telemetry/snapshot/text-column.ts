/**
 * Many short texts as one: 100,000 names cost 3 MB rather than 100,000 objects, and do not keep alive the answer of the server that they
 * were cut from. No text may hold NUL, which no name in PostgreSQL does.
 */
export interface TextColumn {
  /** Each text between two NULs; equal columns have equal texts. */
  readonly text: string;
  /** Index of the NUL in front of each text, and of the last one. */
  readonly marks: Uint32Array;
}

export function textColumn(values: readonly string[]): TextColumn {
  const marks = new Uint32Array(values.length + 1);
  let at = 0;
  for (const [index, value] of values.entries()) {
    at += value.length + 1;
    marks[index + 1] = at;
  }
  return { text: `\0${values.join('\0')}${values.length === 0 ? '' : '\0'}`, marks };
}

export function textAt({ text, marks }: TextColumn, index: number): string {
  return text.slice((marks[index] ?? 0) + 1, marks[index + 1]);
}

/** Where `value` is; -1 when it is nowhere. */
export function indexInColumn({ text, marks }: TextColumn, value: string): number {
  const at = text.indexOf(`\0${value}\0`);
  if (at === -1) return -1;
  let low = 0;
  let high = marks.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((marks[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function columnValues({ text, marks }: TextColumn): readonly string[] {
  return marks.length === 1 ? [] : text.slice(1, -1).split('\0');
}
