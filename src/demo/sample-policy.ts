import { deviceReadingStep } from './sample-tables.ts';

/**
 * The demo's configuration file: what somebody would write for the sample tables. Schedules are far shorter than anybody needs, so that
 * there is something to see; `url` holds the password of a server that lives as long as the demo.
 */
export function samplePolicy(url: string, httpPort: number, adminPort: number): string {
  return `# The demo's own configuration; docs/configuration.md explains every key.
log: { level: info, format: pretty }
http: { host: 127.0.0.1, port: ${httpPort} }
admin: { host: 127.0.0.1, port: ${adminPort} }
schedules:
  provision: "*/5 * * * * *"      # a cron expression with seconds
  retention: "*/10 * * * * *"
  maintenance: "*/15 * * * * *"
  index: "*/15 * * * * *"
  probe: "*/15 * * * * *"
  collect: "*/5 * * * * *"
databases:
  - name: demo
    url: ${url}
    tables:
      - table: public.behavioral_event
        interval: 1 month
        premake: 4
        retention: { keep: 18 months, action: detach }
        indexes:
          - { name: behavioral_event_buys, columns: [visitor_id], where: "kind = 'buy'", partitions: { newest: 6 } }
      - table: public.behavioral_event_archive
        interval: 1 year
        premake: 1
        name: "{table}_{yyyy}"
      - table: public.revenues
        interval: 1 quarter
        premake: 4
        name: "{table}_{yyyy}_q{q}"
        defaultPartition: keep
        indexes:
          - { name: revenues_occurred_at, columns: [occurred_at] }
        probes:                      # tables without probes have one of their own
          - name: this-month
            sql: >-
              SELECT sum(amount) FROM revenues
              WHERE occurred_at >= date_trunc('month', now()) AND occurred_at < date_trunc('month', now()) + interval '1 month'
            analyze: true
            expect: { partitions: 1, execution: 2s }
      - table: public.expenses
        interval: 1 quarter
        premake: 4
        name: "{table}_{yyyy}_q{q}"
        defaultPartition: keep
        retention: { keep: 6 quarters, action: drop, grace: 7 days }
      - table: public.device_reading
        interval: ${deviceReadingStep}
        premake: 3
        retention: { keep: ${deviceReadingStep * 10}, action: detach }
      - table: public.audit_log
        interval: 1 month
        premake: 2
        key: { encoding: uuidv7 }
        retention: { keep: 18 months, action: drop, grace: 0 }
`;
}
