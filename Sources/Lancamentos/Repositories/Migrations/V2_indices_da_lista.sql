-- The list of entries and the extract: by account in the order of ids, and each filter with an index of its own where it selects few.
create index lancamentos_conta_id on lancamentos (conta, id);
create index lancamentos_conta_data_id on lancamentos (conta, data, id);
create index lancamentos_conta_categoria_id on lancamentos (conta, categoria, id) where categoria is not null;
create index lancamentos_conta_referencia_id on lancamentos (conta, referencia, id) where referencia is not null;
-- Nearly all entries are operational; among the others one looks for the few.
create index lancamentos_conta_natureza_id on lancamentos (conta, natureza, id) where natureza <> 'operacional';
