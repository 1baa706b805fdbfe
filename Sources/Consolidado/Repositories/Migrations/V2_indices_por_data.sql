-- Sums over many accounts (`conta=loja42.*`) read few days of each: found by day first. Neither column ever changes, so updates in place stay
-- off these indexes too.
create index saldos_diarios_data on saldos_diarios (data, conta);
create index totais_mensais_mes on totais_mensais (mes, conta);
