import { InvariantError } from '../../errors.ts';
import type { Analyze } from '../../plan/step.ts';
import type { RenderedStep } from '../statement.ts';

export function renderAnalyze(step: Analyze, _serverVersion: number): RenderedStep {
  throw new InvariantError('PD910', `${step.kind} cannot be rendered yet`);
}
