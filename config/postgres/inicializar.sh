#!/usr/bin/env bash
# Makes the databases of both services and their roles; harmless when repeated. The official image runs it on a new server,
# from /docker-entrypoint-initdb.d, and deploy/local at each start; psql's own variables (PGHOST and the like) say where the
# server is. Passwords come from files senha.<role> in POSTGRES_SEGREDOS; POSTGRES_DIREITOS names direitos.sql
# if it is not beside this script.
set -euo pipefail
direitos=${POSTGRES_DIREITOS:-$(dirname "${BASH_SOURCE[0]}")/direitos.sql}

# The image may source this script, hence the name.
psql_superuser() {
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" "$@"
}

for service in lancamentos consolidado; do
    for role in "${service}_migrador" "$service" "${service}_leitura"; do
        # :'…' quotes; a password is no argument, which other processes could read.
        senha=$(<"$POSTGRES_SEGREDOS/senha.$role") psql_superuser --dbname=postgres --set=role="$role" <<'SQL'
\getenv senha senha
select format('create role %I', :'role') where not exists (select from pg_roles where rolname = :'role') \gexec
alter role :"role" login password :'senha';
SQL
    done
    psql_superuser --dbname=postgres --set=service="$service" <<'SQL'
select format('create database %I owner %I', :'service', :'service' || '_migrador')
where not exists (select from pg_database where datname = :'service') \gexec
SQL
    psql_superuser --dbname="$service" --file="$direitos"
done
