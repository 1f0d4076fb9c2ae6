import type { DatabasePolicy } from '../../partition/policy.ts';
import { connectSession, type Session } from '../../postgres/session.ts';
import { pauseDatabase } from '../../reconcile/pause.ts';
import { resumeDatabase } from '../../reconcile/resume.ts';
import { errorFields } from '../../telemetry/error-fields.ts';
import { withoutSecrets } from '../../telemetry/without-secrets.ts';
import type { Surroundings } from '../surroundings.ts';

/** What came of an order for one database; `error` is null unless `answer` is `failed`. */
export interface OrderAnswer {
  readonly database: string;
  readonly answer: 'paused' | 'resumed' | 'not-paused' | 'failed';
  readonly error: string | null;
}

export interface PauseOrders {
  /** The databases named so, or all. Journalled, so that every replica obeys and a restart does not forget. */
  pause(database: string | null, reason: string): Promise<readonly OrderAnswer[]>;
  resume(database: string | null): Promise<readonly OrderAnswer[]>;
}

const answerWithinMs = 20_000;

/** Pauses and resumes on short connections of their own, whoever leads. Its promises never reject. */
export function pauseOrders(source: { readonly surroundings: Surroundings }): PauseOrders {
  const each = async (order: 'pause' | 'resume', wanted: string | null, act: Act): Promise<readonly OrderAnswer[]> => {
    const { surroundings } = source;
    const chosen = surroundings.configuration.databases.filter(({ name }) => wanted === null || name === wanted);
    const answers = await Promise.all(chosen.map((database) => once(order, database, surroundings, act)));
    surroundings.logger.info(`${order} requested`, { answers: answers.map((answer) => ({ ...answer })) });
    return answers;
  };
  return {
    pause: (wanted, reason) =>
      each('pause', wanted, async (session, database, { clock, who, logger }, signal) => {
        const former = await pauseDatabase(session, database, { reason, by: who }, clock, signal);
        if (former !== null) logger.info('pause replaced', { database: database.name, by: former.by, reason: former.reason });
        return 'paused';
      }),
    resume: (wanted) =>
      each('resume', wanted, async (session, database, { clock }, signal) =>
        (await resumeDatabase(session, database, clock, signal)) ? 'resumed' : 'not-paused',
      ),
  };
}

type Act = (
  session: Session,
  database: DatabasePolicy,
  surroundings: Surroundings,
  signal: AbortSignal,
) => Promise<Exclude<OrderAnswer['answer'], 'failed'>>;

async function once(order: 'pause' | 'resume', database: DatabasePolicy, surroundings: Surroundings, act: Act): Promise<OrderAnswer> {
  const { configuration, logger, metrics } = surroundings;
  const { statementTimeoutMs, lockTimeoutMs } = configuration.safety;
  const applicationName = `partitiond:${order}`;
  const settings = { applicationName, statementTimeoutMs, lockTimeoutMs, observer: metrics.sessionObserver(database.name) };
  const signal = AbortSignal.timeout(answerWithinMs);
  try {
    const session = await connectSession(database.connection, settings, signal);
    try {
      return { database: database.name, answer: await act(session, database, surroundings, signal), error: null };
    } finally {
      await session.close();
    }
  } catch (error) {
    logger.warn('order failed', { order, database: database.name, ...errorFields(error) });
    return { database: database.name, answer: 'failed', error: withoutSecrets(error instanceof Error ? error.message : String(error)) };
  }
}
