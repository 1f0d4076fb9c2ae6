import { expect, it } from 'vitest';
import { deployTool, runTool } from '../support/deploy/deploy-tool.ts';

it('has the oldest Prometheus that is supported, and the newest', async (context) => {
  const versions = await Promise.all(
    (['promtool', 'promtool3'] as const).map(async (name) => (await runTool(deployTool(context, name), ['--version'])).stdout),
  );
  expect(versions[0]).toContain('version 2.42');
  expect(versions[1]).toContain('3.14');
});
