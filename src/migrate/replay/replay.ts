/**
 * Makes the follower equal to the live table again at the positions of the log. It knows live and follower only, not source and target: after a
 * switch the same code keeps the old table in sync.
 */
export { catchUp } from './catch-up.ts';
export { drainLog } from './drain-log.ts';
export { type Bite, replayBite } from './replay-bite.ts';
