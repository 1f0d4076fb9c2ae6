import type { Capture } from '../../../partition/migration/policy.ts';
import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { quoteBody } from '../../quote.ts';
import { captureLog, logColumns } from './capture-log.ts';
import { dualBody } from './dual-body.ts';

/** What a function of capture does; the end of its name. */
export type CaptureFunction = 'insert' | 'update' | 'delete' | 'row' | 'truncate' | 'dual' | 'dual_back';

export function captureFunction(journalSchema: string, id: string, which: CaptureFunction): QualifiedName {
  return { schema: journalSchema, name: `capture_${id}_${which}` };
}

/** The functions that `spec.capture` needs, those of both directions. */
function captureFunctions({ capture }: Pick<MigrationSpec, 'capture'>): readonly CaptureFunction[] {
  return capture === 'log' ? ['insert', 'update', 'delete', 'row', 'truncate'] : ['dual', 'dual_back', 'truncate'];
}

/**
 * All functions of capture, made anew where they exist. They run as their owner, so the application needs no right on the log, with a pinned
 * `search_path`, so nothing it may create comes in between; and nobody may call them but triggers, whose right is looked at when they are made.
 */
export function renderCaptureFunctions(spec: MigrationSpec, journalSchema: string, id: string): readonly string[] {
  return captureFunctions(spec).flatMap((which) => {
    const name = captureFunction(journalSchema, id, which);
    return [
      renderFunction(name, settings(which, id), bodyOf(spec, journalSchema, id, which)),
      `REVOKE ALL ON FUNCTION ${formatQualifiedName(name)}() FROM PUBLIC`,
    ];
  });
}

/**
 * The function of the row triggers of partitions that change places, made anew: while it is `dual`, each write also goes to what follows, in either
 * direction alike, as that is in the table beside. Who may call it stays as it was.
 */
export function renderRowCapture(spec: MigrationSpec, journalSchema: string, id: string, how: Capture): string {
  const name = captureFunction(journalSchema, id, 'row');
  if (how === 'log') return renderFunction(name, settings('row', id), bodyOf(spec, journalSchema, id, 'row'));
  const log = formatQualifiedName(captureLog(journalSchema, id));
  const sides = { live: { name: spec.table, isOnly: false }, follower: { name: spec.targetName, isOnly: false }, log };
  return renderFunction(name, settings('dual', id), dualBody(spec, sides));
}

function renderFunction(name: QualifiedName, set: string, body: string): string {
  return (
    `CREATE OR REPLACE FUNCTION ${formatQualifiedName(name)}() RETURNS pg_catalog.trigger LANGUAGE plpgsql SECURITY DEFINER\n` +
    `SET search_path = pg_catalog, pg_temp${set} AS ${quoteBody(body)}`
  );
}

function settings(which: CaptureFunction, id: string): string {
  switch (which) {
    case 'truncate':
      // A bound is printed for replay to read, which has these settings.
      return `\nSET DateStyle = 'ISO, YMD' SET TimeZone = 'UTC' SET IntervalStyle = 'postgres' SET extra_float_digits = 1`;
    case 'dual':
    case 'dual_back':
      // By this the guard on the follower lets the write through.
      return `\nSET partitiond.migration = '${id}' SET row_security = off`;
    case 'insert':
    case 'update':
    case 'delete':
    case 'row':
      return '';
    default:
      return which satisfies never;
  }
}

function bodyOf(spec: MigrationSpec, journalSchema: string, id: string, which: CaptureFunction): string {
  const log = formatQualifiedName(captureLog(journalSchema, id));
  const columns = logColumns(spec);
  const into = `INSERT INTO ${log} (${columns.map(({ log: own }) => own).join(', ')})`;
  const of = (row: string): string => columns.map(({ column }) => `${row}.${quoteIdentifier(column.name)}`).join(', ');
  switch (which) {
    case 'insert':
      return block(`${into} SELECT ${of('n')} FROM new_rows AS n;`);
    case 'delete':
      return block(`${into} SELECT ${of('o')} FROM old_rows AS o;`);
    case 'update':
      // UNION, as its plan is kept for the session: made for one row it must not become quadratic with ten thousand.
      return block(`${into} SELECT ${of('n')} FROM new_rows AS n UNION SELECT ${of('o')} FROM old_rows AS o;`);
    case 'row':
      return block(rowBody(into, of));
    case 'truncate':
      return block(spec.regrain === undefined ? truncateBody(log, id) : truncateOfPartition(log));
    case 'dual':
      return dualBody(spec, { live: { name: spec.table, isOnly: true }, follower: { name: spec.targetName, isOnly: false }, log });
    case 'dual_back':
      return dualBody(spec, { live: { name: spec.table, isOnly: false }, follower: { name: spec.oldName, isOnly: true }, log });
    default:
      return which satisfies never;
  }
}

function block(statements: string): string {
  return `\nBEGIN\n  ${statements}\n  RETURN NULL;\nEND\n`;
}

/** `*<>` compares bytes, whatever operators the types have: an update that changes a position is at most logged once too often. */
function rowBody(into: string, of: (row: string) => string): string {
  return `IF TG_OP = 'DELETE' THEN
    ${into} VALUES (${of('OLD')});
    RETURN NULL;
  END IF;
  ${into} VALUES (${of('NEW')});
  IF TG_OP = 'UPDATE' AND ROW(${of('OLD')})::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(${of('NEW')})::pg_catalog.record THEN
    ${into} VALUES (${of('OLD')});
  END IF;`;
}

/** On each partition alone that takes part: the table itself, whose other partitions do not, has no trigger. */
function truncateOfPartition(log: string): string {
  return `INSERT INTO ${log} (kind, detail) VALUES ('truncate', pg_catalog.pg_get_partition_constraintdef(TG_RELID));`;
}

/**
 * TRUNCATE of a table fires its own trigger and that of each of its partitions. Those of partitions are always enabled, for new partitions come
 * and go, and are heard only while that of their parent is, so that one ALTER TABLE turns all of them on or off.
 */
function truncateBody(log: string, id: string): string {
  return `IF NOT (SELECT c.relispartition FROM pg_catalog.pg_class AS c WHERE c.oid = TG_RELID) THEN
    INSERT INTO ${log} (kind) VALUES ('truncate');
  ELSIF EXISTS (
    SELECT FROM pg_catalog.pg_inherits AS i
    JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = i.inhparent
    WHERE i.inhrelid = TG_RELID AND t.tgname = 'partitiond_capture_${id}_truncate' AND t.tgenabled = 'A'
  ) THEN
    INSERT INTO ${log} (kind, detail) VALUES ('truncate', pg_catalog.pg_get_partition_constraintdef(TG_RELID));
  END IF;`;
}
