/**
 * `npm run bench -- NAME`: each bench measures both sides in one run on one server and prints their ratio beside its goal. Nothing here is
 * a test: machines are shared and noisy, so a missed goal is printed, not failed.
 */
const benches: Readonly<Record<string, () => Promise<{ run(argv: readonly string[]): Promise<void> }>>> = {
  idle: () => import('./idle.ts'),
  create: () => import('./create.ts'),
  stall: () => import('./stall.ts'),
  maintenance: () => import('./maintenance.ts'),
  index: () => import('./index-rollout.ts'),
  scrape: () => import('./scrape.ts'),
  fleet: () => import('./fleet.ts'),
  page: () => import('./page.ts'),
  soak: () => import('./soak.ts'),
  probe: () => import('./probe.ts'),
  status: () => import('./status.ts'),
  reports: () => import('./reports.ts'),
  migrate: () => import('./migrate/main.ts'),
};

const [name = '', ...argv] = process.argv.slice(2);
const load = benches[name];
if (load === undefined) {
  process.stderr.write(`usage: npm run bench -- ${Object.keys(benches).join('|')}\n`);
  process.exitCode = 64;
} else {
  const bench = await load();
  await bench.run(argv);
}
