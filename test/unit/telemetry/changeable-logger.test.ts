import { expect, it } from 'vitest';
import { createChangeableLogger } from '../../../src/telemetry/changeable-logger.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';

it('changes level and format for everybody who already has it, and keeps the fields of its children', () => {
  const lines: string[] = [];
  let made = 0;
  const log = createChangeableLogger({ level: 'warn', format: 'json' }, (settings) => {
    made += 1;
    return createLogger(settings, { write: (line) => lines.push(line) });
  });
  const child = log.child({ database: 'app' }).child({ table: 'public.events' });
  child.info('left out');
  log.change({ level: 'warn', format: 'json' });
  expect(made).toBe(1);
  log.change({ level: 'info', format: 'json' });
  child.info('told', { rows: 2 });
  log.change({ level: 'info', format: 'pretty' });
  child.info('told nicely');
  expect(lines).toHaveLength(2);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'told', level: 'info', database: 'app', table: 'public.events', rows: 2 });
  expect(lines[1]).toMatch(/told nicely.*"database":"app"/);
});
