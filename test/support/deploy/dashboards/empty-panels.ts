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
  'Failed statements by SQLSTATE class': 'No statement failed.',
};

/** Panels that a daemon of a few seconds' age has nothing for. */
export const emptyAtFirst: EmptyPanels = {
  ...emptyOnGoodDays,
  'Retries by reason': 'Every lock came at once.',
  'Changes of leadership': 'It led before the first scrape, and no sample is from before that.',
  'Leader changes': 'It led before the first scrape, and no sample is from before that.',
  'Loads of the configuration': 'It was loaded before the first scrape.',
  'Integer key is full': 'A pace needs a minute between two snapshots of a key that grows.',
  'Steps per hour': 'What there was to do was done before the first scrape.',
};
