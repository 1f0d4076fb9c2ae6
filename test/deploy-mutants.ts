import type { Mutant } from './mutants.ts';

/** Mistakes in chart, rules, dashboards and image, as far as a test without outside tools notices them. */
export const deployMutants: readonly Mutant[] = [
  {
    mistake: 'takes a password in the URL of a configuration',
    file: 'scripts/chart/config-branch.ts',
    text: "...refused({ type: 'string', pattern: passwordPattern }, sentence),",
    replacement: '',
    test: { file: 'test/deploy/schema.test.ts', name: 'takes the many ways of writing a password in a URL for what they are' },
  },
  {
    mistake: 'lets a retention drop by a variable of the environment without an acknowledgement',
    file: 'scripts/chart/refusals.ts',
    text: "const removes: JsonSchema = { not: { const: 'detach' } };",
    replacement: "const removes: JsonSchema = { const: 'drop' };",
    test: { file: 'test/deploy/schema.test.ts', name: 'refuses every file of refusals, by the schema alone wherever it can' },
  },
  {
    mistake: 'mutes the alerts of one database for another that has no leader',
    file: 'deploy/alertmanager/alertmanager.example.yml',
    text: 'PartitiondTaskStale|PartitiondSnapshotStale"]\n    equal: [cluster, namespace, database]',
    replacement: 'PartitiondTaskStale|PartitiondSnapshotStale"]\n    equal: [cluster, namespace]',
    test: { file: 'test/deploy/alertmanager.test.ts', name: 'compare every label that both have, but the job' },
  },
  {
    mistake: 'plants only half of the mistakes in the numbers of alerts',
    file: 'test/support/deploy/rules/rule-mutants.ts',
    text: 'return [0.5, 2].map(',
    replacement: 'return [0.5].map(',
    test: { file: 'test/deploy/rules.test.ts', name: 'are comparisons, durations, numbers, labels and windows of every rule' },
  },
  {
    mistake: 'draws one panel of a dashboard over another',
    file: 'test/support/deploy/dashboards/lint.ts',
    text: 'a.x < b.x + b.w',
    replacement: 'a.x > b.x + b.w',
    test: { file: 'test/deploy/dashboards.test.ts', name: 'finds a panel over another' },
  },
  {
    mistake: 'ends the image as a user whose number nobody can check',
    file: 'Dockerfile',
    text: 'USER 65532:65532',
    replacement: 'USER nonroot',
    test: { file: 'test/deploy/image.test.ts', name: 'ends as a user with a number, and starts without a shell' },
  },
  {
    mistake: 'ships the sources in the image',
    file: 'Dockerfile',
    text: 'COPY --from=build /out/ /app/',
    replacement: 'COPY --from=build /src/ /app/',
    test: {
      file: 'test/deploy/image.test.ts',
      name: 'runs nothing in the final stage, and copies nothing into it but what the build stage has assembled',
    },
  },
  {
    mistake: 'distributes under any licence',
    file: 'scripts/licences.ts',
    text: 'allowedLicences.includes(licence)',
    replacement: 'licence.length > 0',
    test: { file: 'test/deploy/image.test.ts', name: 'are refused when nobody has agreed to one, or a text is missing' },
  },
];
