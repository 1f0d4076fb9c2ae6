import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { Finding } from '../plan/finding.ts';

export interface FindingChanges {
  /** Seen for the first time by any source. */
  readonly added: readonly Finding[];
  /** Seen again; `times` counts this source's runs in a row. */
  readonly kept: readonly { readonly finding: Finding; readonly times: number }[];
  /** No source sees it any more. */
  readonly gone: readonly Finding[];
}

type Seen = ReadonlyMap<string, { readonly finding: Finding; readonly times: number }>;

/**
 * Remembers the findings of each table by source (the tasks of a run: retention sees what a collection may not), so that a log tells what
 * is new and what is resolved rather than everything every minute.
 */
export class FindingMemory {
  readonly #subjects = new Map<string, Map<string, Seen>>();

  compare(subject: string, source: string, findings: readonly Finding[]): FindingChanges {
    const sources = this.#subjects.get(subject) ?? new Map<string, Seen>();
    this.#subjects.set(subject, sources);
    const before: Seen = sources.get(source) ?? new Map();
    const others = [...sources].filter(([name]) => name !== source).map(([, seen]) => seen);
    const isElsewhere = (key: string): boolean => others.some((seen) => seen.has(key));
    const now = new Map(
      findings.map((finding) => {
        const key = findingKey(finding);
        return [key, { finding, times: (before.get(key)?.times ?? 0) + 1 }];
      }),
    );
    sources.set(source, now);
    return {
      added: [...now].filter(([key]) => !before.has(key) && !isElsewhere(key)).map(([, { finding }]) => finding),
      kept: [...now].filter(([key]) => before.has(key) || isElsewhere(key)).map(([, seen]) => seen),
      gone: [...before].filter(([key]) => !now.has(key) && !isElsewhere(key)).map(([, { finding }]) => finding),
    };
  }
}

/** Not the message: it may hold counts that change with every run. */
function findingKey(finding: Finding): string {
  return `${finding.kind}\0${finding.partition === null ? '' : formatQualifiedName(finding.partition)}`;
}
