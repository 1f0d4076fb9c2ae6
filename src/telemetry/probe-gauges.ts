import type { TablePolicy } from '../partition/policy.ts';
import { probeNames } from '../partition/probe-names.ts';
import type { ProbeRecord } from '../partition/probe-record.ts';
import { formatQualifiedName, type QualifiedName } from '../partition/qualified-name.ts';
import type { UnprunedShare } from '../probe/statements/unpruned-share.ts';
import type { Labels } from './exposition/render-sample.ts';
import type { EventName } from './metric-catalogue.ts';
import type { MetricStore } from './metric-store.ts';

/** One run of a probe, whether just now or as the journal remembers it. */
export type ProbeRun = Omit<ProbeRecord, 'lastMiss'>;

const outcomes = ['met', 'missed', 'failed'] as const satisfies readonly ProbeRun['outcome'][];

const gauges = [
  'probe_success',
  'probe_partitions_scanned',
  'probe_partitions_allowed',
  'probe_last_run_timestamp_seconds',
  'probe_planning_seconds',
  'probe_execution_seconds',
] as const satisfies readonly EventName[];

/**
 * The series of the probes of one led database. Gauges begin with what the journal remembers and are those of the last pass after it: a value
 * that is not known is absent, and so is a probe that did not run. Runs are counted from 0 on, of each configured probe in every outcome.
 */
export class ProbeGauges {
  readonly #store: MetricStore;
  readonly #database: string;
  readonly #tables: readonly TablePolicy[];
  /** Labels of the probes that have gauges. */
  #shown: readonly Labels[] = [];

  constructor(
    store: MetricStore,
    database: { readonly name: string; readonly tables: readonly TablePolicy[] },
    known: readonly ProbeRun[],
  ) {
    this.#store = store;
    this.#database = database.name;
    this.#tables = database.tables;
    for (const policy of database.tables) {
      for (const probe of probeNames(policy)) {
        for (const outcome of outcomes) this.#count(policy.table, probe, outcome, 0);
      }
    }
    this.#show(known);
  }

  /** The end of a pass over all probes. */
  passed(runs: readonly ProbeRun[]): void {
    for (const { table, probe, outcome } of runs) this.#count(table, probe, outcome, 1);
    this.#show(runs);
  }

  /** The end of an audit; null: there was nothing to look at, or it failed. A table of which nothing is known has no series. */
  audited(shares: readonly UnprunedShare[] | null): void {
    const byTable = new Map(shares?.map((share) => [formatQualifiedName(share.table), share]));
    for (const { table } of this.#tables) {
      const share = byTable.get(formatQualifiedName(table));
      const labels = this.#labels(table);
      this.#setOrRemove('table_unpruned_statements', labels, share?.statements ?? null);
      this.#setOrRemove('table_unpruned_statement_time_ratio', labels, share?.timeShare ?? null);
    }
  }

  #show(runs: readonly ProbeRun[]): void {
    const before = this.#shown;
    this.#shown = runs.map(({ table, probe }) => this.#labels(table, probe));
    const kept = new Set(this.#shown.map(keyOf));
    for (const labels of before) if (!kept.has(keyOf(labels))) for (const name of gauges) this.#store.remove(name, labels);
    for (const [index, labels] of this.#shown.entries()) {
      const run = runs[index];
      if (run === undefined) continue;
      const values = valuesOf(run);
      for (const name of gauges) this.#setOrRemove(name, labels, values[name]);
    }
  }

  #count(table: QualifiedName, probe: string, outcome: ProbeRun['outcome'], by: number): void {
    this.#store.increase('probe_runs_total', { ...this.#labels(table, probe), outcome }, by);
  }

  #setOrRemove(name: EventName, labels: Labels, value: number | null): void {
    if (value === null) this.#store.remove(name, labels);
    else this.#store.set(name, labels, value);
  }

  #labels(table: QualifiedName, probe?: string): Labels {
    const ofTable = { database: this.#database, schema: table.schema, table: table.name };
    return probe === undefined ? ofTable : { ...ofTable, probe };
  }
}

function valuesOf(run: ProbeRun): Readonly<Record<(typeof gauges)[number], number | null>> {
  return {
    probe_success: run.outcome === 'met' ? 1 : 0,
    probe_partitions_scanned: run.scanned,
    probe_partitions_allowed: run.allowed,
    probe_last_run_timestamp_seconds: Number(run.ranAt) / 1e6,
    probe_planning_seconds: inSeconds(run.planningMs),
    probe_execution_seconds: inSeconds(run.executionMs),
  };
}

function inSeconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1_000;
}

function keyOf(labels: Labels): string {
  return JSON.stringify(Object.values(labels));
}
