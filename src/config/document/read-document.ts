import { type Document, isAlias, isCollection, isMap, isPair, isScalar, LineCounter, type Node, parseDocument, type YAMLMap } from 'yaml';
import type { Environment } from '../environment.ts';
import { type ConfigNode, childPath, type Place, type Report } from './config-node.ts';
import { substitute } from './substitute.ts';
import { syntaxHint } from './syntax-hint.ts';

/** Deeper nesting is a mistake, or an anchor that contains itself. */
const maxDepth = 20;
/** Anchors may be used, but not to blow a small file up to a large one. */
const maxAliases = 1000;

interface Reading {
  readonly document: Document;
  readonly lines: LineCounter;
  readonly env: Environment;
  readonly report: Report;
  aliases: number;
}

/**
 * Reads YAML 1.2 (and so JSON) into nodes that know their line, and fills in variables in text values (never in keys). Reports syntax
 * errors, one a line, and then answers null, for nothing behind them can be trusted; reports duplicate keys, unset variables, tags and
 * several documents, and goes on. Never throws for bad input. An empty text is a scalar null.
 */
export function readDocument(text: string, env: Environment, report: Report): ConfigNode | null {
  const lines = new LineCounter();
  // Duplicate keys are found below, where their path is known. Whole numbers as bigints: an int8 key does not fit a double.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, intAsBigInt: true });
  const seen = new Set<number>();
  for (const error of [...document.errors, ...document.warnings]) {
    const { line } = lines.linePos(error.pos[0]);
    if (seen.has(line)) continue;
    seen.add(line);
    report({ path: '', line }, `not valid YAML: ${error.message}${syntaxHint(text.split('\n')[line - 1] ?? '')}`);
  }
  if (seen.size > 0) return null;
  const reading: Reading = { document, lines, env, report, aliases: 0 };
  return readNode(document.contents, { path: '', line: 1 }, 0, reading);
}

function readNode(node: unknown, place: Place, depth: number, reading: Reading): ConfigNode {
  const here = { path: place.path, line: lineOf(node, reading) ?? place.line };
  if (depth > maxDepth) {
    reading.report(here, `is nested more than ${maxDepth} levels deep; an anchor may contain itself`);
    return { kind: 'scalar', ...here, value: null, written: null, decimal: null, isBroken: true };
  }
  if (isAlias(node)) {
    return readAlias(node.resolve(reading.document), node.source, here, depth, reading);
  }
  if (isMap(node)) {
    return { kind: 'map', ...here, entries: readEntries(node, here, depth, reading) };
  }
  if (isCollection(node)) {
    const items = node.items.map((item, index) =>
      readNode(item, { path: childPath(here.path, index), line: here.line }, depth + 1, reading),
    );
    return { kind: 'list', ...here, items };
  }
  return isScalar(node) ? readScalar(node.value, node.source ?? '', here, reading) : readScalar(null, '', here, reading);
}

function readAlias(target: Node | undefined, name: string, here: Place, depth: number, reading: Reading): ConfigNode {
  reading.aliases += 1;
  if (target === undefined) reading.report(here, `the anchor &${name} is not defined above this line`);
  else if (reading.aliases === maxAliases)
    reading.report(here, `more than ${maxAliases} uses of anchors; write the values out, or use \`defaults\``);
  else if (reading.aliases < maxAliases) return { ...readNode(target, here, depth + 1, reading), ...here };
  return { kind: 'scalar', ...here, value: null, written: null, decimal: null, isBroken: true };
}

function readEntries(map: YAMLMap, here: Place, depth: number, reading: Reading): ReadonlyMap<string, ConfigNode> {
  const entries = new Map<string, ConfigNode>();
  for (const pair of map.items) {
    if (!isPair(pair) || !isScalar(pair.key)) {
      reading.report(here, 'has a key that is not a word');
      continue;
    }
    const key = String(pair.key.value);
    const place = { path: childPath(here.path, key), line: lineOf(pair.key, reading) };
    const earlier = entries.get(key);
    if (earlier !== undefined) {
      const where = earlier.line === null ? '' : `, first on line ${earlier.line}`;
      reading.report(place, `the key is written twice${where}; keep one of them`);
      continue;
    }
    entries.set(key, readNode(pair.value, place, depth + 1, reading));
  }
  return entries;
}

function readScalar(value: unknown, source: string, here: Place, reading: Reading): ConfigNode {
  if (typeof value === 'string') {
    const { text, problems } = substitute(value, reading.env);
    for (const problem of problems) reading.report(here, problem);
    const written = text === value ? null : value;
    return { kind: 'scalar', ...here, value: text, written, decimal: null, isBroken: problems.length > 0 };
  }
  const decimal = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(source) ? source : null;
  if (typeof value === 'bigint') {
    const isExact = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
    return { kind: 'scalar', ...here, value: isExact ? Number(value) : value, written: null, decimal, isBroken: false };
  }
  const isKnown = typeof value === 'number' || typeof value === 'boolean';
  return { kind: 'scalar', ...here, value: isKnown ? value : null, written: null, decimal, isBroken: false };
}

function lineOf(node: unknown, reading: Reading): number | null {
  const range = isScalar(node) || isCollection(node) || isAlias(node) ? node.range : null;
  return range ? reading.lines.linePos(range[0]).line : null;
}
