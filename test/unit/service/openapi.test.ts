import { expect, it } from 'vitest';
import { systemClock } from '../../../src/postgres/clock.ts';
import { createAdminApp } from '../../../src/service/http/admin-app.ts';
import { createPublicApp } from '../../../src/service/http/public-app.ts';
import { Readiness } from '../../../src/service/readiness.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { readOpenApi } from '../../support/openapi.ts';

const never = async (): Promise<never> => Promise.reject(new Error('Nobody is asked here.'));

it('describes the paths and methods that are answered, all and no other', async () => {
  const publicApp = createPublicApp({
    metrics: { contentType: '', render: never },
    readiness: new Readiness([], systemClock),
    readStatus: never,
    databases: () => [],
    clock: systemClock,
    logger: silentLogger,
    version: '1',
  });
  const orders = { reload: never, drain: never, pause: never, resume: never };
  const adminApp = createAdminApp({ databases: [], orders, logger: silentLogger });
  const answered = [...publicApp.routes, ...adminApp.routes].filter(({ method }) => method !== 'ALL');
  const { paths } = await readOpenApi();
  const described = Object.entries(paths).flatMap(([path, item]) =>
    ['get', 'post', 'put', 'delete'].filter((method) => method in item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.toSorted()).toEqual(answered.map(({ method, path }) => `${method} ${path}`).toSorted());
});
