-- Every entry that was ever applied, kept for ever: the primary key is what makes a late copy harmless, and balances can be recomputed from it.
create table lancamentos_aplicados (
    id uuid primary key,
    conta text collate "C" not null,
    data date not null,
    tipo text collate "C" not null check (tipo in ('credito', 'debito')),
    natureza text collate "C" not null,
    valor bigint not null check (valor > 0),           -- centavos
    estorno_de uuid
);

-- Sums are numeric(38,0): nine million entries of the largest amount do not fit into 64 bits.
-- Rows are updated in place again and again; half-empty pages keep those updates off the indexes.
create table contas (
    conta text collate "C" primary key,
    versao bigint not null,               -- grows with every change to any day of the account
    saldo numeric(38, 0) not null,        -- of all its entries
    primeira_data date not null,
    ultima_data date not null,
    quantidade bigint not null
) with (fillfactor = 50);

create table saldos_diarios (
    conta text collate "C" not null,
    data date not null,
    creditos numeric(38, 0) not null,
    debitos numeric(38, 0) not null,
    transferencias_entrada numeric(38, 0) not null,    -- the part of the credits that came by transfer
    transferencias_saida numeric(38, 0) not null,      -- the part of the debits that left by transfer
    quantidade_creditos bigint not null,
    quantidade_debitos bigint not null,
    atualizado_em timestamptz not null,
    primary key (conta, data)
) with (fillfactor = 50);

-- An opening balance is the sum of the months before plus the days of the month before the day: exact under backdating, and no row of a later
-- day is ever rewritten.
create table totais_mensais (
    conta text collate "C" not null,
    mes date not null,                    -- the month's first day
    saldo numeric(38, 0) not null,        -- credits less debits of the month
    primary key (conta, mes)
) with (fillfactor = 50);
