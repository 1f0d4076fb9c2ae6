import { InvariantError } from '../../errors.ts';
import type { CreateIndex } from '../../plan/step.ts';
import type { RenderedStep } from '../statement.ts';

export function renderCreateIndex(step: CreateIndex, _serverVersion: number): RenderedStep {
  throw new InvariantError('PD910', `${step.kind} cannot be rendered yet`);
}
