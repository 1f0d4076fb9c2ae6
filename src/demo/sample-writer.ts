import { systemClock } from '../postgres/clock.ts';
import { connectSession } from '../postgres/session.ts';

/** 500 readings a second: device_reading needs a new partition about every 20 seconds. */
const pauseMs = 200;
const insertSql = `
INSERT INTO public.behavioral_event (created_at, visitor_id, kind) SELECT now(), i, 'view' FROM generate_series(1, 10) AS i;
INSERT INTO public.revenues (occurred_at, amount) VALUES (now(), 9.99);
INSERT INTO public.audit_log (actor, action) VALUES ('demo', 'write');
INSERT INTO public.device_reading (device, value) SELECT i, random() FROM generate_series(1, 100) AS i`;

/** What the writer has done so far. */
export interface WriterCount {
  inserts: number;
  /** The longest that one round of inserts took, in milliseconds. */
  slowestMs: number;
}

/** Writes a little into the sample tables until `signal`, as an application would; then resolves. Rejects when an insert fails. */
export async function runSampleWriter(url: string, count: WriterCount, signal: AbortSignal): Promise<void> {
  const settings = { applicationName: 'demo-application', statementTimeoutMs: 0, lockTimeoutMs: 0 };
  try {
    const session = await connectSession({ kind: 'url', url }, settings, signal);
    try {
      while (!signal.aborted) {
        const startedAt = systemClock.monotonicMs();
        await session.execute(insertSql, signal);
        count.inserts += 1;
        count.slowestMs = Math.max(count.slowestMs, systemClock.monotonicMs() - startedAt);
        await systemClock.sleep(pauseMs, signal);
      }
    } finally {
      await session.close();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
