/** What the comment above a key of values.yaml says. */
export interface ValueComment {
  /** Sentences, joined into one line. */
  readonly prose: string;
  /** Lines that are indented inside the comment: YAML to copy, without that indentation. */
  readonly example: readonly string[];
}

/**
 * The comments of values.yaml by the path of their key (`monitoring.rules.enabled`), in the order of the file. A comment belongs to the key
 * below it, if no empty line is in between. Keys inside `{}` and lists have none. The file is our own: indented by two spaces, comments above keys.
 */
export function readComments(yaml: string): ReadonlyMap<string, ValueComment> {
  const comments = new Map<string, ValueComment>();
  const path: string[] = [];
  let pending: string[] = [];
  for (const line of yaml.split('\n')) {
    const comment = /^ *#(?: (?<text>.*))?$/.exec(line);
    const key = /^(?<indent> *)(?<name>[A-Za-z][A-Za-z0-9]*):(?: |$)/.exec(line);
    if (comment !== null) pending.push(comment.groups?.['text'] ?? '');
    else if (key !== null) {
      const { indent = '', name = '' } = key.groups ?? {};
      path.splice(indent.length / 2, path.length, name);
      comments.set(path.join('.'), toComment(pending));
      pending = [];
    } else pending = [];
  }
  return comments;
}

function toComment(lines: readonly string[]): ValueComment {
  const isExample = (line: string): boolean => line.startsWith('  ');
  return {
    prose: lines
      .filter((line) => !isExample(line))
      .join(' ')
      .trim(),
    example: lines.filter(isExample).map((line) => line.slice(2)),
  };
}
