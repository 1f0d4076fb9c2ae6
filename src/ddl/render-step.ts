import type { Step } from '../plan/step.ts';
import type { RenderedStep } from './statement.ts';
import { renderAnalyze } from './step/analyze.ts';
import { renderAttachIndex } from './step/attach-index.ts';
import { renderCreateDefault } from './step/create-default.ts';
import { renderCreateIndex } from './step/create-index.ts';
import { renderCreatePartition } from './step/create-partition.ts';
import { renderDetachPartition } from './step/detach-partition.ts';
import { renderDrainDefault } from './step/drain-default.ts';
import { renderDropGuard } from './step/drop-guard.ts';
import { renderDropIndex } from './step/drop-index.ts';
import { renderDropTable } from './step/drop-table.ts';
import { renderFinalizeDetach } from './step/finalize-detach.ts';
import { renderReindex } from './step/reindex.ts';
import { renderVacuum } from './step/vacuum.ts';
import { unknownStep } from './unknown-step.ts';

/**
 * A step as SQL: this room knows how PostgreSQL is told and which locks that takes, not whether it should be done (plan) nor how long to wait
 * (apply). No SET, BEGIN or COMMIT is among the statements. `serverVersion` is `server_version_num`. Pure, throws only on text with U+0000.
 */
export function renderStep(step: Step, serverVersion: number): RenderedStep {
  switch (step.kind) {
    case 'create-partition':
      return renderCreatePartition(step, serverVersion);
    case 'create-default':
      return renderCreateDefault(step, serverVersion);
    case 'drain-default':
      return renderDrainDefault(step, serverVersion);
    case 'finalize-detach':
      return renderFinalizeDetach(step);
    case 'detach-partition':
      return renderDetachPartition(step);
    case 'drop-table':
      return renderDropTable(step);
    case 'drop-guard':
      return renderDropGuard(step);
    case 'vacuum':
      return renderVacuum(step, serverVersion);
    case 'analyze':
      return renderAnalyze(step, serverVersion);
    case 'reindex':
      return renderReindex(step);
    case 'create-index':
      return renderCreateIndex(step);
    case 'attach-index':
      return renderAttachIndex(step);
    case 'drop-index':
      return renderDropIndex(step);
    default:
      return unknownStep(step);
  }
}
