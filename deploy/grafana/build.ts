import type { GeneratedDocument } from '../../scripts/support/documents.ts';
import { daemonBoard } from './boards/daemon.ts';
import { overviewBoard } from './boards/overview.ts';
import { tableBoard } from './boards/table.ts';
import { buildDashboard } from './parts/frame.ts';

/** The dashboards as JSON, one file each: `deploy/grafana/README.md` says how they get into Grafana. */
export const dashboardDocuments: readonly GeneratedDocument[] = [overviewBoard, tableBoard, daemonBoard].map((board) => ({
  path: `deploy/grafana/${board.file}`,
  render: () => `${JSON.stringify(buildDashboard(board), null, 2)}\n`,
}));
