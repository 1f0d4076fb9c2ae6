import { readFile } from 'node:fs/promises';
import { type ImportDeclaration, type ModuleItem, parse } from '@swc/core';
import { impureGlobals } from './table.ts';

export interface Syntax {
  readonly hasDefaultExport: boolean;
  /** Names of impure globals that the file mentions, sorted, each once; a property of that name does not count. */
  readonly impureGlobals: readonly string[];
  /** Specifiers of which only types are imported; dependency-cruiser does not tell with swc as its parser. */
  readonly typeOnlyImports: ReadonlySet<string>;
  /** Specifiers of `export ... from`; dependency-cruiser merges such an export with an import of the same file. */
  readonly reExports: readonly string[];
}

/** What the import graph does not show. Throws when the file does not parse. */
export async function readSyntax(path: string): Promise<Syntax> {
  const module = await parse(await readFile(path, 'utf8'), { syntax: 'typescript', target: 'es2022' });
  const names = new Set<string>();
  collectIdentifiers(module.body, names);
  return {
    hasDefaultExport: module.body.some(({ type }) => type.startsWith('ExportDefault')),
    impureGlobals: impureGlobals.filter((name) => names.has(name)).toSorted(),
    typeOnlyImports: findTypeOnlyImports(module.body),
    reExports: module.body.flatMap(reExportOf),
  };
}

function findTypeOnlyImports(body: readonly ModuleItem[]): ReadonlySet<string> {
  const imports = body.flatMap((item) => {
    if (item.type === 'ImportDeclaration') return [{ from: item.source.value, isTypeOnly: item.typeOnly || areTypes(item.specifiers) }];
    return reExportOf(item).map((from) => ({ from, isTypeOnly: false }));
  });
  const values = new Set(imports.filter(({ isTypeOnly }) => !isTypeOnly).map(({ from }) => from));
  return new Set(imports.map(({ from }) => from).filter((from) => !values.has(from)));
}

function reExportOf(item: ModuleItem): readonly string[] {
  const isReExport = item.type === 'ExportNamedDeclaration' || item.type === 'ExportAllDeclaration';
  return isReExport && item.source ? [item.source.value] : [];
}

function areTypes(specifiers: ImportDeclaration['specifiers']): boolean {
  return specifiers.length > 0 && specifiers.every((specifier) => specifier.type === 'ImportSpecifier' && specifier.isTypeOnly);
}

/** Keys of a syntax node that hold the name of a property rather than a reference to a variable. */
const propertyNames: Readonly<Record<string, string>> = {
  MemberExpression: 'property',
  KeyValueProperty: 'key',
  KeyValuePatternProperty: 'key',
  MethodProperty: 'key',
  ClassMethod: 'key',
  ClassProperty: 'key',
  TsPropertySignature: 'key',
  TsMethodSignature: 'key',
};

function collectIdentifiers(node: unknown, names: Set<string>): void {
  if (Array.isArray(node)) {
    for (const item of node) collectIdentifiers(item, names);
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  if (isIdentifier(node)) names.add(node.value);
  const type = 'type' in node ? String(node.type) : '';
  for (const [key, value] of Object.entries(node)) {
    // `a.Date` names a property; `a[Date]` is a reference inside a node of its own.
    if (propertyNames[type] !== key || !isIdentifier(value)) collectIdentifiers(value, names);
  }
}

function isIdentifier(node: unknown): node is { readonly type: 'Identifier'; readonly value: string } {
  return typeof node === 'object' && node !== null && 'type' in node && node.type === 'Identifier' && 'value' in node;
}
