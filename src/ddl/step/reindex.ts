import { InvariantError } from '../../errors.ts';
import type { Reindex } from '../../plan/step.ts';
import type { RenderedStep } from '../statement.ts';

export function renderReindex(step: Reindex, _serverVersion: number): RenderedStep {
  throw new InvariantError('PD910', `${step.kind} cannot be rendered yet`);
}
