import { readdirSync, readFileSync } from 'node:fs';

/** A code block of a runbook, and under which heading it stands. */
export interface Block {
  readonly section: string;
  readonly language: string;
  readonly text: string;
}

/** A page of deploy/runbooks; `README` is one of them too, though no alert's. */
export interface Runbook {
  readonly name: string;
  readonly text: string;
  /** What stands in capitals to be replaced, once each. */
  readonly placeholders: readonly string[];
  /** The headings of level two, in their order. */
  readonly headings: readonly string[];
  readonly blocks: readonly Block[];
  /** Lines of the blocks in `sh`. */
  readonly commands: readonly string[];
}

const folder = 'deploy/runbooks';

/** What a page may leave to its reader, as SQL or a shell must not meet it. The page README explains each. */
export const placeholders = [
  'NAMESPACE',
  'POD',
  'DATABASE_LABEL',
  'SCHEMA.TABLE',
  'SCHEMA.PARTITION',
  'SCHEMA.DEFAULT_PARTITION',
  'SCHEMA.INDEX',
  'KEY_COLUMN',
  'LOWER_BOUND',
  'UPPER_BOUND',
  'BACKEND_PID',
  'ROLE_NAME',
  'PREPARED_NAME',
  'SLOT_NAME',
  'HOLD_ID',
  'COUNT',
] as const;

export type Placeholder = (typeof placeholders)[number];

const anyPlaceholder = new RegExp(`(?<![\\w.])(?:${placeholders.map((word) => word.replace('.', '\\.')).join('|')})(?![\\w(])`, 'g');

/** Names of all pages but README, sorted: those of the alerts that they are for. */
export function runbookNames(): readonly string[] {
  const pages = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md');
  return pages.map((name) => name.slice(0, -'.md'.length)).toSorted();
}

export function readRunbook(name: string): Runbook {
  const text = readFileSync(`${folder}/${name}.md`, 'utf8');
  const sections = text.split(/^## /m).slice(1);
  const blocks = text.split(/^(?=## )/m).flatMap((part) => {
    const section = /^## (.*)/.exec(part)?.[1] ?? '';
    return [...part.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({ section, language, text: code }));
  });
  const shell = blocks.filter(({ language }) => language === 'sh');
  const commands = shell.flatMap((block) => block.text.trim().split('\n'));
  const left = blocks.flatMap((block) => block.text.match(anyPlaceholder) ?? []);
  return {
    name,
    text,
    placeholders: [...new Set(left)],
    headings: sections.map((section) => section.split('\n')[0] ?? ''),
    blocks,
    commands,
  };
}

/** `text` with its placeholders replaced. Throws at one that `values` does not know. */
export function fillIn(text: string, values: Readonly<Partial<Record<Placeholder, string>>>): string {
  return text.replaceAll(anyPlaceholder, (word) => {
    const value = Object.entries(values).find(([name]) => name === word)?.[1];
    if (value === undefined) throw new Error(`Nothing to put in place of ${word} in: ${text}`);
    return value;
  });
}

/** The words of a simple shell command up to its pipe: quotes are honoured, nothing is expanded. */
export function shellWords(command: string): readonly string[] {
  const words: string[] = [];
  for (const [word] of command.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"|])+|\|/g)) {
    if (word === '|') break;
    words.push(word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => single ?? double ?? ''));
  }
  return words;
}
