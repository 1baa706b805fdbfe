# shellcheck shell=bash
# The local stack as a whole: its servers and instances, .local/integrador.env, .local/endpoints.env, the sample entry, the summary.

stack_folders() {
    local_folder
    mkdir -p "$RUN" "$LOG" "$SECRETS"
    chmod 700 "$SECRETS"
}

# Names of the stack's processes that run.
stack_running() {
    local pid_file
    for pid_file in "$RUN"/*.pid; do
        if process_runs "$pid_file"; then basename "$pid_file" .pid; fi
    done
}

servers_run() { process_runs "$RUN/postgres.pid" && process_runs "$RUN/rabbitmq.pid" && process_runs "$RUN/epmd.pid"; }

# Starts the servers that do not run, and brings databases and rights up to date.
servers_start() {
    process_runs "$LOCAL/postgres/pid" || say "Starting PostgreSQL ($(shown "$LOG/postgres.log"))"
    postgres_start "$LOCAL/postgres" "$LOG/postgres.log"
    postgres_databases "$LOCAL/postgres" "$SECRETS" >>"$LOG/postgres.log" || fail "the databases could not be made"
    process_runs "$LOCAL/rabbitmq/pid" || say "Starting RabbitMQ ($(shown "$LOG/rabbitmq.log"))"
    rabbitmq_start "$LOCAL/rabbitmq" "$LOG/rabbitmq.log"
    process_record "$RUN/postgres.pid" "$(<"$LOCAL/postgres/pid")"
    process_record "$RUN/rabbitmq.pid" "$(<"$LOCAL/rabbitmq/pid")"
    process_record "$RUN/epmd.pid" "$(<"$LOCAL/rabbitmq/epmd.pid")"
}

# Stops everything in order: the services first, then the servers.
stack_stop() {
    local -a instances
    if process_runs "$RUN/prometheus.pid"; then say "Stopping Prometheus"; fi
    processes_stop TERM 10 "$RUN/prometheus.pid"
    mapfile -t instances < <(instances_running "")
    if ((${#instances[@]})); then say "Stopping ${instances[*]}"; fi
    instances_stop "${instances[@]}"
    if process_runs "$LOCAL/rabbitmq/pid"; then say "Stopping RabbitMQ"; fi
    rabbitmq_stop "$LOCAL/rabbitmq"
    if process_runs "$LOCAL/postgres/pid"; then say "Stopping PostgreSQL"; fi
    postgres_stop "$LOCAL/postgres"
    rm -f "$RUN"/* "$LOCAL/integrador.env" "$LOCAL/endpoints.env" "$LOCAL/consolidados" "$LOCAL/observar"
}

# token OPTION…: a token signed with the stack's secret.
token() { python3 -B "$ROOT/deploy/compose/token" --segredo "$SECRETS/auth" --sub local "$@"; }

# A token for a year, replaced when it is ten months old.
local_token() {
    local file=$SECRETS/token
    if [[ ! -s $file || -n $(find "$file" -mtime +300) || $SECRETS/auth -nt $file ]]; then
        token --contas '*' --dias 365 | write_private "$file"
    fi
    cat "$file"
}

# The URLs of the running consolidado instances, comma separated.
consolidado_urls() {
    local name
    for name in $(instances_running consolidado); do instance_url "$name"; done | paste --serial --delimiters=,
}

# integrador.env has what an integrator needs; endpoints.env has also the secrets of an operator. The databases' URLs are those of
# their owners, who may inspect and repair everything.
write_endpoints() {
    write_private "$LOCAL/integrador.env" <<ENV
LANCAMENTOS_URL=$(instance_url lancamentos-1)
CONSOLIDADO_URLS=$(consolidado_urls)
AMQP_URL=$(<"$LOCAL/rabbitmq/url.integrador")
TOKEN=$(local_token)
ENV
    write_private "$LOCAL/endpoints.env" <<ENV
$(<"$LOCAL/integrador.env")
RABBITMQ_MANAGEMENT_URL=$(<"$LOCAL/rabbitmq/url.management")
LANCAMENTOS_DATABASE_URL=$(database_url lancamentos_migrador)
CONSOLIDADO_DATABASE_URL=$(database_url consolidado_migrador)
AUTH_HS256_SECRET=$(secret "$SECRETS/auth")
ENV
}

# The value of a string member of a flat JSON object.
json_member() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" <<<"$2" | head -n 1; }

# Registers an entry and reads the balance that holds it. The key is fixed, so the entry is registered once; later calls receive
# the same entry, with the date of its first day.
sample_entry() {
    local authorization answer date url
    authorization="header = \"Authorization: Bearer $(local_token)\""
    answer=$(http --config - --max-time 10 --retry 10 --retry-delay 1 --retry-all-errors --fail-with-body \
        --header 'Content-Type: application/json' --header 'Idempotency-Key: exemplo-1' \
        --data '{"conta":"exemplo","tipo":"credito","valor":"150.75","descricao":"Primeiro lançamento"}' \
        "$(instance_url lancamentos-1)/v1/lancamentos" <<<"$authorization") || fail "the sample entry was not registered: $answer"
    url=$(consolidado_urls)
    if [[ -z $url ]]; then
        say "Sample entry registered; no consolidado runs that could show the balance"
        return 0
    fi
    date=$(json_member data "$answer")
    url="${url%%,*}/v1/consolidados/$date?conta=exemplo&apos=$(json_member id "$answer")"
    answer=$(http --config - --max-time 40 --fail-with-body --header 'Prefer: wait=30' "$url" <<<"$authorization") ||
        fail "the sample entry is not in the balance after 30 s: $answer"
    say "Sample entry: account exemplo, balance of $date: R\$ $(json_member saldo_final "$answer")"
}

summary_line() { printf '    %-16s %s\n' "$@"; }

# The page's link, the URLs and a first request. Passwords stay in .local/endpoints.env; the link contains the token.
print_summary() {
    local name page
    page=$(consolidado_urls)
    page=${page%%,*}
    if [[ -n $page ]]; then printf '\nThe page, signed in (no server sees what follows #):\n\n    %s/painel#token=%s\n\n' "$page" "$(local_token)"; fi
    for name in $(instances_running ""); do summary_line "$name" "$(instance_url "$name")"; done
    summary_line RabbitMQ "http://127.0.0.1:$(<"$LOCAL/rabbitmq/porta.management") (user administrador)" \
        PostgreSQL "127.0.0.1:$(<"$LOCAL/postgres/porta") (databases lancamentos, consolidado)" endpoints "$LOCAL/endpoints.env"
    if process_runs "$RUN/prometheus.pid"; then
        summary_line Prometheus "$(prometheus_url) (deploy/monitoring/check --prometheus $(prometheus_url))"
    fi
    printf '\nTo try it, paste:\n\n. %q\n' "$LOCAL/integrador.env"
    cat <<'TEXT'
curl -i "$LANCAMENTOS_URL/v1/lancamentos" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -H 'Idempotency-Key: venda-1' -d '{"conta":"loja1","tipo":"credito","valor":"10.00","descricao":"Venda"}'
curl -i "${CONSOLIDADO_URLS%%,*}/v1/consolidados/$(TZ=America/Sao_Paulo date +%F)?conta=loja1" -H "Authorization: Bearer $TOKEN"

TEXT
}
