/** What a program may change so that hours become seconds; everything else of a rule file stays as it is. */
export interface Quickened {
  readonly text: string;
  /** Line by line, `from -> to`. */
  readonly changes: readonly string[];
}

/** `for`: this many times shorter, and half a minute at most. */
const times = 120;
const longestForMs = 30_000;

/** A change of the leader is not any faster in a test: who waits for the next one waits a minute here, not ten. */
const otherForMs: Readonly<Record<string, number>> = { PartitiondNoLeader: 60_000 };

/** That of `last_over_time` carries an alert over a change of the leader, and is longer than that takes; all others are a minute. */
const [carrying, window] = ['90s', '1m'];

/** Seconds that stand as a number in an expression, by alert. The others compare with what the daemon itself says of its intervals. */
const seconds: Readonly<Record<string, readonly [from: string, to: string]>> = { PartitiondSnapshotStale: ['900', '30'] };

/**
 * The rules with shorter times: each `for` is divided by 120 (30 s at most, but a minute for a leader), each window is a minute or (last_over_time)
 * 90 s, a group evaluates once a second, and a snapshot is stale after 30 s instead of 900. Throws when a number of seconds that it knows of is not where it was.
 */
export function quickenRules(text: string): Quickened {
  const before = text.split('\n');
  const after = eachLine(text, (line, alert) => {
    const [from, to] = seconds[alert] ?? ['', ''];
    return (from === '' ? line : line.replace(numberOf(from), to))
      .replace(/^(\s*interval: )\S+$/, (_, key: string) => `${key}1s`)
      .replace(/^(\s*for: )(\S+)$/, (_, key: string, duration: string) => `${key}${otherForMs[alert] ?? quickenFor(duration)}ms`)
      .replaceAll(/\[\w+\]/g, `[${line.includes('last_over_time') ? carrying : window}]`);
  });
  for (const [alert, [from]] of Object.entries(seconds)) {
    if (eachLine(text, (line, one) => (one === alert && numberOf(from).test(line) ? 'here' : '')).includes('here')) continue;
    throw new Error(`There is no ${from} to shorten in the expression of ${alert}.`);
  }
  return {
    text: after.join('\n'),
    changes: after.flatMap((line, i) => (line === before[i] ? [] : [`${before[i]?.trim()} -> ${line.trim()}`])),
  };
}

/** The text with every time taken out that may be shortened; that of a file and of its quickened form are equal. */
export function withoutTimes(text: string): string {
  const lines = eachLine(text, (line, alert) =>
    (seconds[alert] ?? [])
      .reduce((rest, number) => rest.replace(numberOf(number), 'TIME'), line)
      .replace(/^(\s*(?:for|interval): )\S+$/, '$1TIME')
      .replaceAll(/\[\w+\]/g, '[TIME]'),
  );
  return lines.join('\n');
}

function numberOf(text: string): RegExp {
  return new RegExp(`\\b${text}\\b`);
}

/** What is said in words, in comments and annotations, is let be. */
function eachLine(text: string, change: (line: string, alert: string) => string): readonly string[] {
  let alert = '';
  let isWords = false;
  return text.split('\n').map((line) => {
    alert = /^\s*- (?:alert|record): (\S+)/.exec(line)?.[1] ?? alert;
    if (/^\s*(?:annotations:|- )/.test(line)) isWords = line.includes('annotations:');
    return isWords || /^\s*#/.test(line) ? line : change(line, alert);
  });
}

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function quickenFor(duration: string): number {
  const [, number, unit = ''] = /^(\d+)([smhd])$/.exec(duration) ?? [];
  const unitLength = unitMs[unit];
  if (number === undefined || unitLength === undefined) throw new Error(`${duration} is no duration of one unit.`);
  return Math.min((Number(number) * unitLength) / times, longestForMs);
}
