import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

/** docs/openapi.yaml, as far as tests look into it. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface Operation {
  readonly responses: Readonly<Record<string, { readonly $ref?: string }>>;
}

export async function readOpenApi(): Promise<OpenApi> {
  return parse(await readFile(new URL('../../docs/openapi.yaml', import.meta.url), 'utf8'));
}

/**
 * What is wrong with an answer, as ajv says it; null when the document describes it. A key that the document does not name is wrong here,
 * though clients are told to live with it.
 */
export async function createAnswerCheck(): Promise<(method: string, path: string, status: number, body: unknown) => string | null> {
  const document = await readOpenApi();
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(closed(document), 'openapi.yaml');
  return (method, path, status, body) => {
    const operation = document.paths[path]?.[method.toLowerCase()];
    const response = operation?.responses[String(status)];
    if (response === undefined) return `the document knows no ${method} ${path} ${status}`;
    const at = response.$ref ?? `#/paths/${pointer(path)}/${method.toLowerCase()}/responses/${status}`;
    const validate = ajv.compile({ $ref: `openapi.yaml${at}/content/application~1json/schema` });
    return validate(body) ? null : ajv.errorsText(validate.errors);
  };
}

function pointer(path: string): string {
  return encodeURIComponent(path.replaceAll('~', '~0').replaceAll('/', '~1'));
}

/** The same with every object closed. */
function closed(value: object): Record<string, unknown> {
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [key, closedValue(inner)]);
  const isObject = 'type' in value && value.type === 'object';
  return Object.fromEntries(isObject ? [...entries, ['additionalProperties', false]] : entries);
}

function closedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closedValue);
  return typeof value === 'object' && value !== null ? closed(value) : value;
}
