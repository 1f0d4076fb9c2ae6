import type { MigrationEvent } from '../../migrate/event.ts';
import type { SeenMigration } from '../../migrate/run/read-seen.ts';
import { migrationPhases } from '../../partition/migration/spec.ts';
import type { BrakeReason, MigrationStatus, PauseKind } from '../../partition/migration/status.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { Labels } from '../exposition/render-sample.ts';
import type { EventName } from '../metric-catalogue.ts';
import type { MetricStore } from '../metric-store.ts';
import { gaugeNames, recordValues, statusValues } from './values.ts';

const brakeReasons = ['replication-lag', 'load', 'lock', 'window'] as const satisfies readonly BrakeReason[];
const pauseReasons = ['definition', 'far-future', 'mismatch', 'disk', 'duplicates'] as const satisfies readonly PauseKind[];
const directions = ['forward', 'back'] as const;
const outcomes = ['ok', 'lock-timeout', 'drain', 'snapshot', 'failed'] as const;

/** What a table's series add up to so far. */
interface Shown {
  readonly table: QualifiedName;
  /** Of the journal, when it was last read: the counter grows by what is new. */
  copied: number;
}

/**
 * The series of the migrations of one led database. What the journal says is read with each collection and, while this process runs one, each
 * second; the rest is counted as it happens. A table without a migration has none of them.
 */
export class MigrationGauges {
  readonly #store: MetricStore;
  readonly #database: string;
  readonly #shown = new Map<string, Shown>();

  constructor(store: MetricStore, database: string, seen: readonly SeenMigration[]) {
    this.#store = store;
    this.#database = database;
    this.read(seen);
  }

  /** All that is to be shown: what is not among it vanishes. */
  read(seen: readonly SeenMigration[]): void {
    const names = new Set(seen.map(({ record }) => formatQualifiedName(record.table)));
    for (const [name, { table }] of this.#shown) if (!names.has(name)) this.#forget(table);
    for (const one of seen) this.#show(one);
  }

  observe(event: MigrationEvent): void {
    const labels = this.#labels(event.table);
    switch (event.kind) {
      case 'migration-status':
        return this.#status(event.table, event.status);
      case 'migration-phase':
        return this.#phase(labels, event.phase);
      case 'migration-paused':
        return this.#paused(labels, event.reason);
      case 'batch-copied':
        return this.#store.observe('migration_batch_duration_seconds', labels, event.durationMs / 1_000);
      case 'canary':
        return this.#store.observe('migration_canary_commit_seconds', labels, event.commitMs / 1_000);
      case 'replayed':
        return this.#store.increase('migration_rows_replayed_total', labels, event.rows);
      case 'batch-checked':
      case 'chunk-verified':
        return this.#store.increase('migration_rows_verified_total', labels, event.rows);
      case 'throttled':
        return this.#store.increase('migration_throttled_seconds_total', { ...labels, reason: event.reason }, event.ms / 1_000);
      case 'switch-attempted':
        return this.#store.increase(
          'migration_switch_attempts_total',
          { ...labels, direction: event.direction, outcome: event.outcome },
          1,
        );
      case 'migration-step':
      case 'migration-warning':
        return;
    }
  }

  #show(seen: SeenMigration): void {
    const { record, status } = seen;
    if (record.phase === 'finished' || record.phase === 'aborted') {
      this.#forget(record.table);
      this.#shown.set(formatQualifiedName(record.table), { table: record.table, copied: 0 });
      return this.#phase(this.#labels(record.table), record.phase);
    }
    this.#status(record.table, status);
    this.#set(record.table, recordValues(seen));
    const { lastSwitch } = record;
    const labels = this.#labels(record.table);
    if (lastSwitch !== null)
      this.#store.set('migration_switch_lock_seconds', { ...labels, direction: lastSwitch.direction }, lastSwitch.lockMs / 1_000);
  }

  #status(table: QualifiedName, status: MigrationStatus): void {
    const labels = this.#labels(table);
    const shown = this.#begin(table);
    this.#phase(labels, status.phase);
    this.#paused(labels, status.paused?.kind ?? null);
    this.#set(table, statusValues(status));
    if (status.rowsCopied < shown.copied) {
      // The copy has begun anew; to Prometheus a counter that restarts.
      this.#store.remove('migration_rows_copied_total', labels);
      shown.copied = 0;
    }
    this.#store.increase('migration_rows_copied_total', labels, status.rowsCopied - shown.copied);
    shown.copied = status.rowsCopied;
  }

  /** Every known label set of a counter exists from the first moment, or its first increase is lost. */
  #begin(table: QualifiedName): Shown {
    const name = formatQualifiedName(table);
    const known = this.#shown.get(name);
    if (known !== undefined) return known;
    const labels = this.#labels(table);
    for (const counter of ['migration_rows_replayed_total', 'migration_rows_verified_total'] as const)
      this.#store.increase(counter, labels, 0);
    for (const reason of brakeReasons) this.#store.increase('migration_throttled_seconds_total', { ...labels, reason }, 0);
    for (const direction of directions)
      for (const outcome of outcomes) this.#store.increase('migration_switch_attempts_total', { ...labels, direction, outcome }, 0);
    for (const histogram of ['migration_batch_duration_seconds', 'migration_canary_commit_seconds'] as const)
      this.#store.zero(histogram, labels);
    const shown: Shown = { table, copied: 0 };
    this.#shown.set(name, shown);
    return shown;
  }

  #phase(labels: Labels, current: string): void {
    for (const phase of migrationPhases) this.#store.set('migration_phase', { ...labels, phase }, phase === current ? 1 : 0);
  }

  #paused(labels: Labels, current: PauseKind | null): void {
    for (const reason of pauseReasons) this.#store.set('migration_paused', { ...labels, reason }, reason === current ? 1 : 0);
  }

  #set(table: QualifiedName, values: readonly (readonly [EventName, number | null])[]): void {
    const labels = this.#labels(table);
    for (const [name, value] of values) {
      if (value === null) this.#store.remove(name, labels);
      else this.#store.set(name, labels, value);
    }
  }

  #forget(table: QualifiedName): void {
    const labels = this.#labels(table);
    this.#shown.delete(formatQualifiedName(table));
    for (const phase of migrationPhases) this.#store.remove('migration_phase', { ...labels, phase });
    for (const reason of pauseReasons) this.#store.remove('migration_paused', { ...labels, reason });
    for (const reason of brakeReasons) this.#store.remove('migration_throttled_seconds_total', { ...labels, reason });
    for (const direction of directions) {
      this.#store.remove('migration_switch_lock_seconds', { ...labels, direction });
      for (const outcome of outcomes) this.#store.remove('migration_switch_attempts_total', { ...labels, direction, outcome });
    }
    for (const name of gaugeNames) this.#store.remove(name, labels);
  }

  #labels({ schema, name }: QualifiedName): Labels {
    return { database: this.#database, schema, table: name };
  }
}
