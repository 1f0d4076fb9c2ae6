import { connectionUrl } from '../format/connection.ts';
import { schemaName } from '../format/names.ts';
import { sqlIdentifier } from '../format/sql-identifier.ts';
import { text } from '../format/text.ts';
import { defaulted, type Key, type List, list, optional, required, type Section, section } from './key.ts';
import { type ProcessKeys, processKeys } from './process-keys.ts';
import { type SharedTableKeys, sharedTableKeys, type TableKeys, tableSection } from './table-keys.ts';

export type DatabaseKeys = {
  readonly name: Key<string>;
  readonly url: Key<string | null>;
  readonly urlFile: Key<string | null>;
  readonly schema: Key<string>;
  readonly probeRole: Key<string | null>;
  readonly tables: List<TableKeys>;
};

export type RootKeys = ProcessKeys & {
  readonly defaults: Section<SharedTableKeys>;
  readonly databases: List<DatabaseKeys>;
};

export const databaseSection: Section<DatabaseKeys> = section('One database and its tables.', {
  name: required(
    text('text', 'a text of at most 63 characters', 63),
    'Its name in logs, metrics (label `database`) and `--database`; need not be its name in PostgreSQL.',
  ),
  url: optional(connectionUrl, 'Where to connect. Either this or `urlFile`.'),
  urlFile: optional(
    text('file name', 'the name of a file', 4096),
    'A file that holds the URL; read again on every connect, so a rotated secret is picked up. Relative to the folder of this configuration.',
  ),
  schema: defaulted(schemaName, 'partitiond', 'Schema of the journal; created on first use.'),
  probeRole: optional(
    sqlIdentifier('role name'),
    'Role in which `probes` are planned and run (SET LOCAL ROLE); the role of the connection must be a member of it.',
    "the connection's",
  ),
  tables: list('The partitioned tables to keep; no other table is ever touched.', tableSection),
});

/** The whole configuration file. */
export const rootSection: Section<RootKeys> = section('The configuration of partitiond.', {
  ...processKeys,
  defaults: section(
    'Any key of a table but `table`, `indexes` and `probes`; applied to every table that does not say otherwise. `key`, `retention`, `storage` and `maintenance` are merged key by key.',
    sharedTableKeys,
  ),
  databases: list('The databases to keep, each on its own: one that is down does not stop the others.', databaseSection),
});
