import { expect, test } from 'vitest';
import { createDatabase } from '../../support/database.ts';
import { migrationTable, planned, realEngine } from '../../support/migrate/real-engine.ts';
import { named } from '../../support/model.ts';
import { chosenMajor } from '../../support/postgres-binaries.ts';

test('names all refusals and needed waivers of a real table at once, and touches nothing', async () => {
  await using database = await createDatabase();
  await database.query(`
    CREATE EXTENSION citext;
    CREATE TABLE public.t (name citext PRIMARY KEY, id integer NOT NULL, at timestamptz, amount numeric, EXCLUDE USING btree (id WITH =));
    INSERT INTO public.t VALUES ('a', 1, NULL, 1), ('b', 2, now(), 2);
    CREATE TABLE public.o (name citext REFERENCES public.t);
    CREATE TABLE public.kept (row_of public.t);
    CREATE MATERIALIZED VIEW public.daily AS SELECT count(*) AS n FROM public.t;
    CREATE RULE quiet AS ON DELETE TO public.t WHERE old.id = 7 DO ALSO NOTHING;
    CREATE POLICY elsewhere ON public.o USING (EXISTS (SELECT FROM public.t WHERE id = 1));
    CREATE VIEW public.grouped AS SELECT name, amount FROM public.t GROUP BY name;
    CREATE FUNCTION public.fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER rows AFTER INSERT ON public.t REFERENCING NEW TABLE AS fresh FOR EACH ROW EXECUTE FUNCTION public.fire();
    CREATE TABLE public.d (of regclass DEFAULT 'public.t'::regclass);
    CREATE PUBLICATION every FOR ALL TABLES;
    CREATE TABLE public.t_partitioned ()`);
  const state = `SELECT (SELECT json_agg(c.relname || c.oid ORDER BY c.oid) FROM pg_class AS c WHERE c.oid > 16000 AND c.relkind IN ('r', 'p', 'i', 'S', 'v', 'm'))::text AS all,
    (SELECT count(*) FROM pg_trigger) AS triggers, to_regnamespace('partitiond') AS journal`;
  const before = await database.query(state);
  const table = migrationTable({ table: named('t') }, { partitionKey: 'at', capture: 'dual' });
  const { plan } = await planned(database, table);
  const told = plan.refusals.map(({ waiver, message }) => `${waiver ?? 'no waiver'}: ${message}`).join('\n');
  for (const expected of [
    /no waiver: No key tells its rows apart.*t_pkey would serve if its column name were.*public\.citext.*schema public/,
    /no waiver: 1 row has no at, and so no partition/,
    chosenMajor() < 17 ? /no waiver: Exclusion constraint t_id_excl: partitioned tables have none before/ : /no waiver: .*t_id_excl/,
    /no waiver: .*rows.*transition/i,
    /no waiver: View public\.grouped groups by the primary key/,
    /no waiver: Default value for column of of table public\.d depends on the table/,
    /no waiver: The name public\.t_partitioned is needed and taken/,
    /unique-without-key: Primary key t_pkey \(name\) lacks at/,
    /drop-incoming-key: Foreign key o_name_fkey/,
    /keep-on-old: Materialized view public\.daily/,
    /keep-on-old: Rule quiet on public\.t/,
    /keep-on-old: Policy elsewhere on public\.o/,
    /keep-on-old: Column row_of of table public\.kept/,
    /publication: Publication every publishes all tables/,
    /dual-errors: With migration\.capture: dual/,
  ]) {
    expect(told).toMatch(expected);
  }
  expect(plan.spec).toBeNull();
  await expect(realEngine(database, table)).rejects.toMatchObject({ code: 'PD604' });
  expect(await database.query(state)).toEqual(before);
});
