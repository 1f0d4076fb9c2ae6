import { type Board, choice } from '../parts/frame.ts';
import { matchers } from '../parts/query.ts';
import { migrationRow } from './table/migration.ts';
import { partitionRow } from './table/partitions.ts';
import { policyRow } from './table/policy.ts';
import { probeRow } from './table/probes.ts';
import { stepRow } from './table/steps.ts';
import { vacuumRow } from './table/vacuum.ts';

/** One table, or a few side by side. */
export const tableBoard: Board = {
  file: 'table.json',
  name: 'Table',
  description: 'Everything that is known of one table: what its policy wants and what is there.',
  variables: [
    // Several can be chosen, but there is no "all": side by side a few tables make sense, two hundred do not.
    choice('schema', 'Schema', `label_values(partitiond_table_future_partitions${matchers('database')}, schema)`).multi(true),
    choice('table', 'Table', `label_values(partitiond_table_future_partitions${matchers('database', 'schema=~"$schema"')}, table)`).multi(
      true,
    ),
  ],
  rows: [
    { title: 'Policy and reality', panels: policyRow },
    { title: 'Partitions', panels: partitionRow },
    { title: 'Rows and vacuum', panels: vacuumRow },
    { title: 'Probes', panels: probeRow },
    { title: 'Steps', panels: stepRow },
    { title: 'Migration', panels: migrationRow },
  ],
};
