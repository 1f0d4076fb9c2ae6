import type { MaintenanceWindow } from '../../partition/policy.ts';
import type { EpochMicros } from '../../partition/position.ts';

export function windowEnd(_window: MaintenanceWindow, _now: EpochMicros): EpochMicros | null {
  return null;
}
