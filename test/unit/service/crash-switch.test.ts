import { expect, it } from 'vitest';
import { InvariantError, NotLeaderError } from '../../../src/errors.ts';
import { crashSwitch } from '../../../src/service/crash-switch.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';

it('ends the process as for a bug whatever it was given, and logs it once', async () => {
  const logged: unknown[] = [];
  const { crash, crashed } = crashSwitch({ ...silentLogger, error: (message, fields) => logged.push([message, fields?.['code']]) });
  crash(new NotLeaderError('PD303', 'Work has not ended in time.'));
  crash(new Error('and another'));
  await expect(crashed).rejects.toThrow(InvariantError);
  await expect(crashed).rejects.toThrow('Work has not ended in time.');
  expect(logged).toEqual([['crashed', 'PD303']]);
});
