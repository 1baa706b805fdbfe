-- Counts of registered entries, received from the entry service and not yet compared with what was applied.
create table conferencias (
    id bigint generated always as identity primary key,
    recebida_em timestamptz not null default clock_timestamp(),
    conteudo text not null                -- as received
);

create index conferencias_recebida_em on conferencias (recebida_em);

-- Until where each pass over the registered entries was compared.
create table conferidos (
    passagem text collate "C" primary key,
    ate timestamptz not null
);

-- The minutes of registration whose entries were not registered and applied alike when they were last compared. Without differences it is
-- empty.
create table diferencas (
    minuto timestamptz primary key,
    registrados bigint not null,
    registrados_creditos numeric(38, 0) not null,
    registrados_debitos numeric(38, 0) not null,
    aplicados bigint not null,
    aplicados_creditos numeric(38, 0) not null,
    aplicados_debitos numeric(38, 0) not null,
    primeiros bigint not null,            -- applied when the difference was first seen
    desde timestamptz not null,           -- when that was
    medida_em timestamptz not null,       -- when the applied entries were last counted
    confirmada boolean not null           -- no entry on its way explains it
);

-- The sessions that use these tables avoid sequential scans: without an index a plan has a cost that makes the server compile it each time.
create index diferencas_medida_em on diferencas (medida_em, minuto);
create index diferencas_confirmada on diferencas (minuto) where confirmada;
