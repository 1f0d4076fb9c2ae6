import type { EmptyPanels } from './evaluate.ts';

/** Panels (and the marks) that show something only when something is wrong: on a good day they are empty. */
export const emptyOnGoodDays: EmptyPanels = {
  Findings: 'Nothing is found.',
  'Failing probes': 'All probes are met.',
  'Findings of the table': 'Nothing is found.',
  'Lock timeouts': 'Every lock came in time.',
  'Errors by phase': 'No table failed.',
  'Long steps at work': 'No long step is at work.',
  'Must not lead': 'Every instance may lead.',
  'Why the copy waits': 'Nothing held it back.',
  'Attempts to switch': 'None was made.',
  'Failed statements by SQLSTATE class': 'No statement failed.',
};

/** Panels that a daemon of a few seconds' age has nothing for. */
export const emptyAtFirst: EmptyPanels = {
  ...emptyOnGoodDays,
  'Phase of the migration': 'No table is under migration.',
  'Copied against estimated': 'No table is under migration.',
  'Backlog of the migration': 'No table is under migration.',
  'Locks of the last switch': 'No table is under migration.',
  'Age of the newest progress and verdict': 'No table is under migration.',
  'Rows copied, replayed and compared': 'No table is under migration.',
  'Batches and commits beside them': 'No table is under migration.',
  'Left until the copy ends': 'No table is under migration.',
  'Migration is paused': 'No table is under migration.',
  'Retries by reason': 'Every lock came at once.',
  'Changes of leadership': 'It led before the first scrape, and no sample is from before that.',
  'Leader changes': 'It led before the first scrape, and no sample is from before that.',
  'Loads of the configuration': 'It was loaded before the first scrape.',
  'Integer key is full': 'A pace needs a minute between two snapshots of a key that grows.',
  'Steps per hour': 'What there was to do was done before the first scrape.',
};
