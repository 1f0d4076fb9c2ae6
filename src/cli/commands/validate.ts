import { configurationJsonSchema } from '../../config/page/json-schema.ts';
import { UsageError } from '../../errors.ts';
import type { Command } from '../command-line/declaration.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import { loadConfigured } from '../databases/load-configured.ts';
import type { Io } from '../output/io.ts';
import { printJson } from '../output/print-json.ts';
import { printable } from '../output/printable.ts';
import { counted } from '../output/summary.ts';

const { config, schema } = options;

export const validateCommand: Command = {
  name: 'validate',
  summary: 'check the configuration without connecting anywhere',
  description:
    'Reads the configuration as every other command would and prints all its problems at once, each with its key path and the nearest fix.',
  operand: null,
  options: [config, schema],
  examples: [
    {
      command: 'partitiond validate --config partitiond.yaml',
      does: 'exits 0 when the file can be used, 2 with all its problems otherwise',
    },
    { command: 'partitiond validate --schema > partitiond.schema.json', does: 'the JSON Schema, for an editor' },
  ],
  exits: ['0 the configuration can be used'],
  run: runValidate,
};

async function runValidate(invocation: Invocation, io: Io): Promise<number> {
  if (invocation.has(schema)) {
    if (invocation.has(config))
      throw new UsageError('PD006', '--schema and --config exclude each other: the schema is the same for every file.');
    printJson(io.stdout, configurationJsonSchema());
    return 0;
  }
  const { databases } = loadConfigured(invocation, io);
  const tables = databases.reduce((sum, database) => sum + database.tables.length, 0);
  io.stdout.write(`The configuration can be used: ${counted(databases.length, 'database')}, ${counted(tables, 'table')}.\n`);
  for (const database of databases) io.stdout.write(`  ${printable(database.name)}: ${counted(database.tables.length, 'table')}\n`);
  return 0;
}
