/** `revenues` with one of everything that a switch moves; `major` decides about what only later ones have. */
export function carriedSource(major: number): string {
  const [columns, filter] = major >= 15 ? [' (id, occurred_at, org_id)', ' WHERE (id > 1)'] : ['', ''];
  return `
CREATE TABLE public."Org's" (id integer PRIMARY KEY, name text);
INSERT INTO public."Org's" SELECT n, 'org ' || n FROM generate_series(0, 99) AS n;
INSERT INTO public."Org's" VALUES (501, 'of a number');
CREATE TABLE public.revenues (
  id bigint GENERATED ALWAYS AS IDENTITY (INCREMENT BY 5),
  number serial,
  org_id integer NOT NULL,
  occurred_at timestamptz NOT NULL,
  amount numeric(12,2),
  note text,
  parent_id bigint,
  parent_at timestamptz,
  CONSTRAINT revenues_pkey PRIMARY KEY (id),
  CONSTRAINT revenues_whole UNIQUE (id, occurred_at),
  CONSTRAINT revenues_amount CHECK (amount > 0)
);
INSERT INTO public.revenues (org_id, occurred_at, amount, note)
SELECT n % 100, '2024-10-01 00:00+00'::timestamptz + n * interval '9 hours', n * 1.5, 'row ' || n FROM generate_series(1, 500) AS n;
CREATE INDEX revenues_org ON public.revenues (org_id);
CREATE STATISTICS public.revenues_related (dependencies) ON org_id, amount FROM public.revenues;
ALTER TABLE public.revenues ADD CONSTRAINT "the org's" FOREIGN KEY (org_id) REFERENCES public."Org's" ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE public.revenues ADD CONSTRAINT unchecked FOREIGN KEY (number) REFERENCES public."Org's" NOT VALID;
ALTER TABLE public.revenues ADD CONSTRAINT parent FOREIGN KEY (parent_id, parent_at) REFERENCES public.revenues (id, occurred_at) ON DELETE SET NULL;
COMMENT ON CONSTRAINT "the org's" ON public.revenues IS 'whose it is';
CREATE TABLE public.items (id integer PRIMARY KEY, revenue_id bigint, revenue_at timestamptz,
  CONSTRAINT revenue FOREIGN KEY (revenue_id, revenue_at) REFERENCES public.revenues (id, occurred_at) ON DELETE CASCADE);
COMMENT ON CONSTRAINT revenue ON public.items IS 'what it is part of';
INSERT INTO public.items SELECT n, r.id, r.occurred_at FROM (SELECT id, occurred_at, row_number() OVER () AS n FROM public.revenues) AS r WHERE n < 100;
CREATE TABLE public.parts (id integer, revenue_id bigint, revenue_at timestamptz,
  CONSTRAINT of_revenue FOREIGN KEY (revenue_id, revenue_at) REFERENCES public.revenues (id, occurred_at)) PARTITION BY RANGE (id);
CREATE TABLE public.parts_1 PARTITION OF public.parts FOR VALUES FROM (0) TO (50);
CREATE TABLE public.parts_2 PARTITION OF public.parts FOR VALUES FROM (50) TO (1000);
INSERT INTO public.parts SELECT id, revenue_id, revenue_at FROM public.items;
CREATE TABLE public.heard (what text, id bigint);
CREATE FUNCTION public.hear() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.heard VALUES (TG_NAME, CASE WHEN TG_LEVEL = 'ROW' THEN NEW.id END); RETURN NEW; END $$;
CREATE TRIGGER before_row BEFORE INSERT ON public.revenues FOR EACH ROW WHEN (NEW.note = 'heard') EXECUTE FUNCTION public.hear();
CREATE TRIGGER after_statement AFTER UPDATE OF note ON public.revenues FOR EACH STATEMENT EXECUTE FUNCTION public.hear();
CREATE CONSTRAINT TRIGGER at_last AFTER INSERT ON public.revenues DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.hear();
CREATE TRIGGER never AFTER INSERT ON public.revenues FOR EACH ROW EXECUTE FUNCTION public.hear();
CREATE TRIGGER always AFTER INSERT ON public.revenues FOR EACH ROW EXECUTE FUNCTION public.hear();
ALTER TABLE public.revenues DISABLE TRIGGER never, ENABLE ALWAYS TRIGGER always;
COMMENT ON TRIGGER always ON public.revenues IS 'also on replicas';
CREATE VIEW public.big WITH (security_barrier = true) AS SELECT id, amount, occurred_at FROM public.revenues WHERE amount > 10 WITH CASCADED CHECK OPTION;
CREATE VIEW public.bigger AS SELECT b.id, o.name FROM public.big AS b JOIN public.revenues AS r USING (id) JOIN public."Org's" AS o ON o.id = r.org_id;
CREATE VIEW public.through AS SELECT id FROM public.bigger;
CREATE FUNCTION public.total() RETURNS numeric LANGUAGE sql STABLE BEGIN ATOMIC SELECT sum(amount) FROM public.revenues; END;
CREATE PUBLICATION listed FOR TABLE public.revenues${columns}${filter} WITH (publish_via_partition_root = true);
GRANT SELECT ON public.big TO PUBLIC`;
}
