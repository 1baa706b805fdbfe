-- Entries are never updated and never deleted. The table is not partitioned, so that idempotency keys are unique for ever.
create table lancamentos (
    id uuid primary key,                  -- UUIDv7: its first 48 bits are the moment of registration
    conta text collate "C" not null,
    tipo text collate "C" not null check (tipo in ('credito', 'debito')),
    valor bigint not null check (valor > 0),           -- centavos
    moeda text collate "C" not null default 'BRL',
    data date not null,                   -- the day on which the cash moved, in the business time zone
    natureza text collate "C" not null,
    descricao text,
    categoria text,
    referencia text,
    metadados jsonb,
    registrado_por text,
    canal text collate "C" not null,
    chave text collate "C",               -- idempotency key, and the versioned hash of the content it came with
    conteudo bytea,
    estorno_de uuid,
    check ((chave is null) = (conteudo is null))
);

create unique index lancamentos_conta_chave on lancamentos (conta, chave) where chave is not null;
create unique index lancamentos_estorno_de on lancamentos (estorno_de) where estorno_de is not null;

-- A row that exists is an event whose publication the broker has not confirmed yet; confirmed rows are deleted.
create table outbox (
    seq bigint generated always as identity primary key,
    id uuid not null,
    criado_em timestamptz not null default clock_timestamp(),
    traceparent text
) with (
    -- Rows live for milliseconds: vacuum by count, not by share of a table that is nearly always empty.
    autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_cost_delay = 0
);
