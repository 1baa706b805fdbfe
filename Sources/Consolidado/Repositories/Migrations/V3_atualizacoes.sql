-- Days whose `consolidado.atualizado` is still to be sent: written with the balance, deleted once the broker has confirmed the news.
-- At most one row a day, however often the day changes and however long the broker is away.
create table atualizacoes (
    conta text collate "C" not null,
    data date not null,
    versao bigint not null,               -- the account's when the day last changed
    tentativas integer not null default 0,
    nao_antes timestamptz,                -- news that a queue refused waits until then; null: may be sent at once
    primary key (conta, data)
) with (
    fillfactor = 50,
    -- Rows live for milliseconds: vacuum by count, not by share of a table that is nearly always empty.
    autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_cost_delay = 0
);
