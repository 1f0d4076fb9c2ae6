-- One million organisations with their properties, and the two tables that grow: revenues and expenses, by quarter.
-- Partitions are not made here: partitiond does that, now and later. Needs PostgreSQL 14 or later.

CREATE TABLE public.organizations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE public.properties (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id bigint NOT NULL REFERENCES public.organizations,
    name text NOT NULL
);
CREATE INDEX properties_by_organization ON public.properties (org_id);

-- A primary key of a partitioned table must hold the partition key; (id) alone cannot be unique over all partitions.
CREATE TABLE public.revenues (
    id bigint NOT NULL,
    org_id bigint NOT NULL REFERENCES public.organizations,
    property_id bigint NOT NULL REFERENCES public.properties,
    amount numeric(14, 2) NOT NULL,
    currency char(3) NOT NULL DEFAULT 'EUR',
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected')),
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (id, occurred_at)
) PARTITION BY RANGE (occurred_at);

CREATE TABLE public.expenses (
    id bigint NOT NULL,
    org_id bigint NOT NULL REFERENCES public.organizations,
    property_id bigint NOT NULL REFERENCES public.properties,
    amount numeric(14, 2) NOT NULL,
    currency char(3) NOT NULL DEFAULT 'EUR',
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected')),
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (id, occurred_at)
) PARTITION BY RANGE (occurred_at);

-- One sequence for each, rather than an identity column: PostgreSQL 14 to 16 have none on partitioned tables.
CREATE SEQUENCE public.revenues_id AS bigint OWNED BY public.revenues.id;
CREATE SEQUENCE public.expenses_id AS bigint OWNED BY public.expenses.id;
ALTER TABLE public.revenues ALTER COLUMN id SET DEFAULT nextval('public.revenues_id');
ALTER TABLE public.expenses ALTER COLUMN id SET DEFAULT nextval('public.expenses_id');
