/** The example at the top of docs/configuration.md, also kept as examples/partitiond.yaml (a test compares them). */
export const exampleConfiguration: string = `# Two years of events by month, their archive by year, and two tables by quarter with a default partition.
log: { level: info, format: json }
http: { host: 0.0.0.0, port: 9788 }

safety:
  lockTimeout: 100ms # the longest that anybody queues behind partitiond
  maxRemovals: 10 # more partitions due than this: none is removed before a person says so

defaults: # any key of a table; a table's own keys win
  premake: 4
  timezone: UTC
  maintenance: # VACUUM, ANALYZE and REINDEX of partitions that need it; on without being written
    concurrency: 4
    window: { cron: "0 1 * * *", for: 4h }

databases:
  - name: app
    url: \${DATABASE_URL}
    tables:
      - table: public.behavioral_event
        interval: 1 month # behavioral_event_2025_03
        retention: { keep: 24 months, action: detach }

      - table: public.behavioral_event_archive
        interval: 1 year # behavioral_event_archive_2025
        premake: 1

      - table: public.revenues
        interval: 1 quarter # revenues_2025_q1, and revenues_default
        startFrom: 2024-10-01
        name: "{table}_{yyyy}_q{q}"
        defaultPartition: managed
        retention:
          keep: 12 quarters
          action: drop
          grace: 7 days # between detach and drop
        indexes: # built on one partition after the other, without blocking anybody
          - name: revenues_by_property
            columns: [org_id, property_id, occurred_at]
          - { name: revenues_approved, columns: [status], where: status = 'approved' }
        probes: # queries that must prune, and what they may cost
          - name: daily-report
            sql: SELECT sum(amount) FROM public.revenues WHERE org_id = $1 AND occurred_at >= $2 AND occurred_at < $3
            params: [42, yesterday, today]
            analyze: true
            expect: { partitions: 1, execution: 100ms }

      - table: public.expenses
        interval: 1 quarter # expenses_2025_q1, and expenses_default
        startFrom: 2024-10-01
        defaultPartition: managed
`;
