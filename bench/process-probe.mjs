/**
 * Loaded into a daemon by `node --import`, answers the bench over the channel between parent and child: 'reset' begins a new histogram of
 * the event loop's delay, 'read' tells it, 'collect' collects garbage first. The program itself knows nothing of it.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 5;
const delay = monitorEventLoopDelay({ resolution: resolutionMs });
delay.enable();

/** The timer's own period is no delay. */
const milliseconds = (nanoseconds) => Math.max(nanoseconds / 1e6 - resolutionMs, 0);

process.on('message', (order) => {
  if (order === 'reset') delay.reset();
  if (order === 'collect') globalThis.gc?.();
  process.send?.({
    loopP99Ms: milliseconds(delay.percentile(99)),
    loopMaxMs: milliseconds(delay.max),
    memory: process.memoryUsage(),
    resources: process.getActiveResourcesInfo(),
  });
});
// Listening for messages must not keep the daemon alive.
process.channel?.unref();
