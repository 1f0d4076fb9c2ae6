import { InvariantError } from '../../errors.ts';
import type { Vacuum } from '../../plan/step.ts';
import type { RenderedStep } from '../statement.ts';

export function renderVacuum(step: Vacuum, _serverVersion: number): RenderedStep {
  throw new InvariantError('PD910', `${step.kind} cannot be rendered yet`);
}
