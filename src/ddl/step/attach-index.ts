import { InvariantError } from '../../errors.ts';
import type { AttachIndex } from '../../plan/step.ts';
import type { RenderedStep } from '../statement.ts';

export function renderAttachIndex(step: AttachIndex, _serverVersion: number): RenderedStep {
  throw new InvariantError('PD910', `${step.kind} cannot be rendered yet`);
}
