import type { Board } from '../parts/frame.ts';
import { impactRow } from './daemon/impact.ts';
import { leadershipRow } from './daemon/leadership.ts';
import { exporterRow, processRow } from './daemon/process.ts';
import { taskRow } from './daemon/tasks.ts';

/** The processes: who leads, what they run, what they cost. */
export const daemonBoard: Board = {
  file: 'daemon.json',
  name: 'Daemon',
  description: 'Who leads, which tasks run and how long, what that costs the database, and how the processes are.',
  variables: [],
  rows: [
    { title: 'Leadership', panels: leadershipRow },
    { title: 'Tasks', panels: taskRow },
    { title: 'Database impact', panels: impactRow },
    { title: 'Exporter', panels: exporterRow },
    { title: 'Process', panels: processRow },
  ],
};
