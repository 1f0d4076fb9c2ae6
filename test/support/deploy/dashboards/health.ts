import { type DashboardPanel, readDashboard } from './dashboard.ts';
import type { QueryTime, Store } from './prometheus-store.ts';
import { substitute, valuesForAll } from './substitute.ts';

/** A number of the first row of Overview and the colour that Grafana would give it. */
interface HealthNumber {
  readonly title: string;
  readonly legend: string;
  readonly value: number;
  readonly color: string;
}

/** The numbers of Health as they stand at the end of the time. Throws when one of them has no value. */
export async function readHealth(store: Store, time: QueryTime): Promise<readonly HealthNumber[]> {
  const dashboard = readDashboard('overview.json');
  const values = valuesForAll(dashboard);
  const numbers: HealthNumber[] = [];
  for (const panel of dashboard.panels.filter(({ type }) => type === 'stat')) {
    for (const { expr, legendFormat = '' } of panel.targets ?? []) {
      const { series } = await store.instant(substitute(expr, values), time);
      const value = series[0]?.values[0];
      if (value === undefined) throw new Error(`${panel.title} has no value`);
      numbers.push({ title: panel.title, legend: legendFormat, value, color: colorOf(panel, legendFormat, value) });
    }
  }
  return numbers;
}

interface Thresholds {
  readonly steps: readonly { readonly value: number | null; readonly color: string }[];
}

function colorOf({ fieldConfig }: DashboardPanel, legend: string, value: number): string {
  const override = fieldConfig?.overrides.find(({ matcher }) => matcher.options === legend);
  const own = override?.properties.find(({ id }) => id === 'thresholds')?.value as Thresholds | undefined;
  const { steps } = own ?? fieldConfig?.defaults.thresholds ?? { steps: [] };
  return steps.findLast((step) => step.value === null || value >= step.value)?.color ?? '';
}
