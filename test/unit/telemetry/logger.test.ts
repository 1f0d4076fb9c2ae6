import { describe, expect, it } from 'vitest';
import { LockTimeoutError, StatementError } from '../../../src/errors.ts';
import { errorFields } from '../../../src/telemetry/error-fields.ts';
import { createLogger, type LogSettings } from '../../../src/telemetry/logger.ts';
import { withoutSecrets } from '../../../src/telemetry/without-secrets.ts';

function capture(settings: Partial<LogSettings> = {}) {
  const lines: string[] = [];
  const logger = createLogger({ level: 'debug', format: 'json', ...settings }, { write: (line) => lines.push(line) });
  return { logger, lines, last: (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}') };
}

describe('the log', () => {
  it('writes one JSON object a line with level, time and constant message', () => {
    const { logger, lines, last } = capture();
    logger.child({ database: 'app' }).info('step done', { durationMs: 12, sql: ['BEGIN', 'COMMIT'] });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(last()).toMatchObject({ level: 'info', msg: 'step done', database: 'app', durationMs: 12, sql: ['BEGIN', 'COMMIT'] });
    expect(new Date(String(last()['time'])).getTime()).toBeGreaterThan(0);
  });

  it('leaves out what is below its level', () => {
    const { logger, lines } = capture({ level: 'warn' });
    logger.info('no');
    logger.debug('no');
    logger.warn('yes');
    logger.error('yes');
    expect(lines).toHaveLength(2);
  });

  it('prints pretty lines for people', () => {
    const { logger, lines } = capture({ format: 'pretty' });
    logger.warn('finding', { table: 'public.t' });
    expect(lines.join('')).toMatch(/WARN.*finding.*public\.t/);
    expect(lines.join('')).not.toContain('"msg"');
  });

  it('never shows a password, however deep the text stands', () => {
    const { logger, lines } = capture();
    const url = 'postgresql://me:s3cr:et@db/app';
    logger.error('x', { url, list: [`connect to ${url} failed`], nested: { text: 'host=db password=s3cr:et user=me' } });
    logger.child({ url }).info('y');
    expect(lines.join('')).not.toContain('s3cr');
    expect(lines.join('')).toContain('postgresql://me:***@db/app');
  });
});

describe('withoutSecrets', () => {
  it.each([
    ['postgres://u:p@h/d', 'postgres://u:***@h/d'],
    ['postgresql://u:p@ss:w@h:5432/d?x=1', 'postgresql://u:***@h:5432/d?x=1'],
    ['postgresql://u@h/d', 'postgresql://u@h/d'],
    ['http://127.0.0.1:9788/metrics', 'http://127.0.0.1:9788/metrics'],
    ["password='a b' dbname=x", 'password=*** dbname=x'],
    ['PGPASSWORD=abc', 'PGPASSWORD=***'],
    ['CREATE TABLE a (b int)', 'CREATE TABLE a (b int)'],
  ])('turns %s into %s', (text, expected) => {
    expect(withoutSecrets(text)).toBe(expected);
  });
});

describe('errorFields', () => {
  it('shows code, class, sentence and context, never the cause', () => {
    const cause = Object.assign(new Error('duplicate key'), { detail: 'Key (email)=(a@b.c) exists.', where: 'COPY t, line 1' });
    const error = new StatementError('PD501', 'Could not attach.', '23505', {
      cause,
      context: { sqlstate: '23505', relation: 'public.t' },
    });
    const fields = errorFields(error);
    expect(fields).toEqual({
      code: 'PD501',
      errorClass: 'StatementError',
      error: 'Could not attach.',
      sqlstate: '23505',
      relation: 'public.t',
    });
    expect(JSON.stringify(fields)).not.toContain('a@b.c');
  });

  it('names the sessions that held the lock', () => {
    const blocker = {
      pid: 7,
      application: 'psql',
      user: 'me',
      relation: 'public.t',
      mode: 'AccessShareLock',
      state: 'idle in transaction',
      ageMs: 5,
    };
    expect(errorFields(new LockTimeoutError('PD401', 'Gave up.', [blocker]))).toMatchObject({ blockers: [blocker] });
  });

  it('calls what nobody classified a bug of ours', () => {
    expect(errorFields(new TypeError('x is not a function'))).toMatchObject({ code: 'PD901', errorClass: 'TypeError' });
    expect(errorFields('thrown text')).toEqual({ code: 'PD901', errorClass: 'string', error: 'thrown text' });
  });
});
