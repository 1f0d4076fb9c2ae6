import { readFileSync } from 'node:fs';

/** What the checks read of a dashboard's JSON. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly timezone: string;
  readonly refresh: string;
  readonly editable: boolean;
  readonly panels: readonly DashboardPanel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: {
    readonly list: readonly {
      readonly name: string;
      readonly expr: string;
      readonly datasource: DataSource;
      readonly textFormat: string;
    }[];
  };
  readonly links: readonly { readonly includeVars: boolean; readonly keepTime: boolean }[];
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly label?: string;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string;
  readonly refresh?: number;
  readonly query: string | { readonly query: string };
}

export interface DataSource {
  readonly type: string;
  readonly uid: string;
}

export interface DashboardPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: DataSource;
  readonly targets?: readonly Target[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly thresholds?: { readonly steps: readonly { readonly value: number | null; readonly color: string }[] };
    };
    readonly overrides: readonly {
      readonly matcher: { readonly id: string; readonly options?: unknown };
      readonly properties: readonly { readonly id: string; readonly value?: unknown }[];
    }[];
  };
  readonly transformations?: readonly { readonly id: string; readonly options: unknown }[];
}

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
  readonly instant?: boolean;
  readonly range?: boolean;
  readonly format?: string;
  readonly datasource?: DataSource;
}

export const dashboardFiles = ['overview.json', 'table.json', 'daemon.json'] as const;

/** A dashboard as it is shipped. */
export function readDashboard(file: (typeof dashboardFiles)[number]): Dashboard {
  return JSON.parse(readFileSync(`deploy/grafana/${file}`, 'utf8')) as Dashboard;
}

/** The panels that show something; rows are headings. */
export function shownPanels(dashboard: Dashboard): readonly DashboardPanel[] {
  return dashboard.panels.filter((panel) => panel.type !== 'row');
}

/** The unit in which the values of a target are shown: of an override for its query or its column, else of the panel. */
export function unitOf(panel: DashboardPanel, target: Target): string {
  const column = columnOf(panel, target);
  const override = panel.fieldConfig?.overrides.find(
    ({ matcher }) =>
      (matcher.id === 'byFrameRefID' && matcher.options === target.refId) || (matcher.id === 'byName' && matcher.options === column),
  );
  const own = override?.properties.find(({ id }) => id === 'unit')?.value;
  return typeof own === 'string' ? own : (panel.fieldConfig?.defaults.unit ?? '');
}

/** What a table calls the values of a target; null elsewhere. */
function columnOf({ transformations, targets }: DashboardPanel, { refId }: Target): string | null {
  const arrange = transformations?.find(({ id }) => id === 'organize')?.options as Partial<Arrangement> | undefined;
  return arrange?.renameByName?.[targets?.length === 1 ? 'Value' : `Value #${refId}`] ?? null;
}

interface Arrangement {
  readonly renameByName: Readonly<Record<string, string>>;
  readonly excludeByName: Readonly<Record<string, boolean>>;
  readonly indexByName: Readonly<Record<string, number>>;
}

/** Labels that a table shows as columns. */
export function labelColumns({ transformations }: DashboardPanel): readonly string[] {
  const arrange = transformations?.find(({ id }) => id === 'organize')?.options as Partial<Arrangement> | undefined;
  return Object.keys(arrange?.indexByName ?? {}).filter((name) => !name.startsWith('Value'));
}
