#!/usr/bin/env bash
# Makes the databases of both services and their roles on a new PostgreSQL server: run once by the official image, which
# takes it from /docker-entrypoint-initdb.d. Passwords come from files senha.<role> in POSTGRES_SEGREDOS; direitos.sql lies
# beside this script, or where POSTGRES_DIREITOS says.
set -euo pipefail
direitos=${POSTGRES_DIREITOS:-$(dirname "${BASH_SOURCE[0]}")/direitos.sql}

for service in lancamentos consolidado; do
    for role in "${service}_migrador" "$service" "${service}_leitura"; do
        # :'…' quotes; a password is no argument, which other processes could read.
        senha=$(<"$POSTGRES_SEGREDOS/senha.$role") psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=role="$role" \
            --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
\getenv senha senha
create role :"role" login password :'senha';
SQL
    done
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres \
        --command="create database $service owner ${service}_migrador"
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname="$service" --file="$direitos"
done
