# shellcheck shell=bash
# The local stack as a whole: its servers, its instances, and .local/endpoints.env that tells others about it.

STACK_SERVERS=(postgres rabbitmq epmd)

stack_folders() {
    local_folder
    mkdir -p "$RUN" "$LOG" "$SECRETS"
    chmod 700 "$SECRETS"
}

# Names of what runs of the stack.
stack_running() {
    local name
    for name in "${STACK_SERVERS[@]}"; do
        if process_runs "$(server_pid_file "$name")"; then printf '%s\n' "$name"; fi
    done
    if process_runs "$RUN/prometheus.pid"; then printf 'prometheus\n'; fi
    instances_running
}

# A server keeps its pid file in its own folder; .local/run shows all.
server_pid_file() {
    case $1 in
        postgres) printf '%s\n' "$LOCAL/postgres/pid" ;;
        rabbitmq) printf '%s\n' "$LOCAL/rabbitmq/pid" ;;
        epmd) printf '%s\n' "$LOCAL/rabbitmq/epmd.pid" ;;
    esac
}

# Servers that do not run are started; databases and rights are brought up to date.
servers_start() {
    local name
    process_runs "$LOCAL/postgres/pid" || say "Starting PostgreSQL ($(shown "$LOG/postgres.log"))"
    postgres_start "$LOCAL/postgres" "$LOG/postgres.log"
    for name in lancamentos consolidado; do
        # The name that an older version gave it: what runs of that version goes on with its password.
        if [[ -e $SECRETS/$name.senha ]]; then mv "$SECRETS/$name.senha" "$SECRETS/senha.$name"; fi
    done
    postgres_databases "$LOCAL/postgres" "$SECRETS" >>"$LOG/postgres.log" || fail "the databases could not be made"
    process_runs "$LOCAL/rabbitmq/pid" || say "Starting RabbitMQ ($(shown "$LOG/rabbitmq.log"))"
    rabbitmq_start "$LOCAL/rabbitmq" "$LOG/rabbitmq.log"
    for name in "${STACK_SERVERS[@]}"; do cp "$(server_pid_file "$name")" "$RUN/$name.pid"; done
}

# Whether the servers that run were last brought up to date by a version of these scripts that knew of no migrator.
servers_outdated() { [[ ! -e $SECRETS/consolidado.banco-migrador ]]; }

# Graceful, in reverse order: the services first, then what they stand on.
stack_stop() {
    local -a instances
    if process_runs "$RUN/prometheus.pid"; then say "Stopping Prometheus"; fi
    processes_stop TERM 10 "$RUN/prometheus.pid"
    mapfile -t instances < <(instances_running)
    if ((${#instances[@]})); then say "Stopping ${instances[*]}"; fi
    instances_stop "${instances[@]}"
    if process_runs "$LOCAL/rabbitmq/pid"; then say "Stopping RabbitMQ"; fi
    rabbitmq_stop "$LOCAL/rabbitmq"
    if process_runs "$LOCAL/postgres/pid"; then say "Stopping PostgreSQL"; fi
    postgres_stop "$LOCAL/postgres"
    rm -f "$RUN"/* "$LOCAL/endpoints.env" "$LOCAL/consolidados" "$LOCAL/observar"
}

# A token for a year, made again when it is ten months old.
local_token() {
    local file=$SECRETS/token
    if [[ ! -s $file || -n $(find "$file" -mtime +300) || $SECRETS/auth -nt $file ]]; then
        jwt "$(secret "$SECRETS/auth")" local '*' 'lancamentos:escrever lancamentos:ler consolidado:ler' \
            $((365 * 24 * 3600)) | write_private "$file"
    fi
    cat "$file"
}

consolidado_urls() {
    local name urls=
    for name in $(instances_running consolidado); do urls+=${urls:+,}$(instance_url "$name"); done
    printf '%s\n' "$urls"
}

# The databases' addresses are their owners': who tries things by hand may look at and repair everything.
write_endpoints() {
    write_private "$LOCAL/endpoints.env" <<ENV
LANCAMENTOS_URL=$(instance_url lancamentos-1)
CONSOLIDADO_URLS=$(consolidado_urls)
AMQP_URL=$(<"$LOCAL/rabbitmq/url.integrador")
RABBITMQ_MANAGEMENT_URL=$(<"$LOCAL/rabbitmq/url.management")
LANCAMENTOS_DATABASE_URL=$(database_url lancamentos_migrador)
CONSOLIDADO_DATABASE_URL=$(database_url consolidado_migrador)
TOKEN=$(local_token)
AUTH_HS256_SECRET=$(secret "$SECRETS/auth")
ENV
}
