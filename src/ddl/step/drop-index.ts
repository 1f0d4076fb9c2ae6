import { InvariantError } from '../../errors.ts';
import type { DropIndex } from '../../plan/step.ts';
import type { RenderedStep } from '../statement.ts';

export function renderDropIndex(step: DropIndex, _serverVersion: number): RenderedStep {
  throw new InvariantError('PD910', `${step.kind} cannot be rendered yet`);
}
