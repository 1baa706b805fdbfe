# shellcheck shell=bash
# The instances of the two services: which ones are wanted, where they listen, how they are configured, started and stopped.

# stack_in FOLDER: selects the stack in this folder. Initially it is the clone's own.
# shellcheck disable=SC2034 # used by the scripts that read this one
stack_in() {
    LOCAL=$1
    RUN=$LOCAL/run
    LOG=$LOCAL/log
    SECRETS=$LOCAL/segredos
}
stack_in "$LOCAL"

# want_instances N: sets WANTED to one lancamentos and N consolidado.
want_instances() {
    local k
    WANTED=(lancamentos-1)
    for ((k = 1; k <= $1; k++)); do WANTED+=("consolidado-$k"); done
}

# Sets MISSING to the wanted instances that do not run, SURPLUS to those that run and are not wanted.
compare_instances() {
    local name
    MISSING=() SURPLUS=()
    for name in "${WANTED[@]}"; do process_runs "$RUN/$name.pid" || MISSING+=("$name"); done
    for name in $(instances_running ""); do [[ " ${WANTED[*]} " == *" $name "* ]] || SURPLUS+=("$name"); done
}

# instances_running SERVICE: prints its running instances in order; of both services, if the name is empty.
instances_running() {
    local pid_file
    for pid_file in "$RUN"/{lancamentos,consolidado}-*.pid; do
        if [[ ${pid_file##*/} == "$1"* ]] && process_runs "$pid_file"; then basename "${pid_file%.pid}"; fi
    done | sort -V
}

# instance_port NAME: the port of a new instance. Those of consolidado are consecutive.
instance_port() {
    local first
    case $1 in
        lancamentos-1) port_of FLUXO_LANCAMENTOS_PORTA 8080 ;;
        consolidado-*)
            first=$(port_of FLUXO_CONSOLIDADO_PORTA 8081)
            printf '%s\n' $((first + ${1#consolidado-} - 1))
            ;;
    esac
}

# The port with which an instance was started.
instance_actual_port() { sed -n 's/^porta=//p' "$RUN/$1.settings"; }

instance_url() { printf 'http://127.0.0.1:%s\n' "$(instance_actual_port "$1")"; }

# The ports of the servers, which instances know from their start.
servers_settings() { printf 'postgres=%s\nrabbitmq=%s\n' "$(<"$LOCAL/postgres/porta")" "$(<"$LOCAL/rabbitmq/porta")"; }

# Stops instances that know a server by a port that another program has now, and adds them to MISSING.
stop_outdated() {
    local name
    for name in $(instances_running ""); do
        if [[ $(grep -v '^porta=' "$RUN/$name.settings") != "$(servers_settings)" ]]; then
            say "PostgreSQL or RabbitMQ moved to another port: restarting $name"
            instances_stop "$name"
        fi
    done
    compare_instances
}

# Checks the ports that the missing instances need, before anything is built or started.
check_ports() {
    local name port variable
    local -A owner=()
    for name in "${MISSING[@]}"; do
        port=$(instance_port "$name")
        variable=FLUXO_${name%-*}_PORTA
        variable=${variable^^}
        if ((port > 65535)); then fail "$variable leaves no port for $name"; fi
        if [[ -n ${owner[$port]:-} ]]; then
            fail "port $port is needed by ${owner[$port]} and by $name: change it with $variable"
        fi
        if port_taken "$port"; then
            fail "port $port, which $name needs, is taken by another program: free it or choose another with $variable"
        fi
        owner[$port]=$name
    done
}

# database_url ROLE
database_url() { postgres_url "$LOCAL/postgres" "$SECRETS" "$1"; }

# Exports the configuration of both services. Other FLUXO_ variables of the caller reach the services, too.
service_environment() {
    local service upper
    for service in lancamentos consolidado; do
        upper=${service^^}
        write_private "$SECRETS/$service.banco" <<<"$(database_url "$service")"
        write_private "$SECRETS/$service.banco-migrador" <<<"$(database_url "${service}_migrador")"
        unset "FLUXO_${upper}_BANCO_URL" "FLUXO_${upper}_AMQP_URL"
        export "FLUXO_${upper}_BANCO_URL_FILE=$SECRETS/$service.banco"
        export "FLUXO_${upper}_AMQP_URL_FILE=$LOCAL/rabbitmq/url.$service"
        export "FLUXO_${upper}_ENDERECO=127.0.0.1"
    done
    secret "$SECRETS/auth" >/dev/null
    unset FLUXO_AUTH_SEGREDO
    export FLUXO_AUTH_MODO=hs256 FLUXO_AUTH_SEGREDO_FILE=$SECRETS/auth
    # Links in answers have to reach lancamentos.
    export FLUXO_URL_PUBLICA=${FLUXO_URL_PUBLICA:-http://localhost:$(instance_port lancamentos-1)}
}

# Exports what the merchant's page needs: where it finds lancamentos, and there the origins of the wanted consolidado.
page_environment() {
    local name port origins=
    for name in "${WANTED[@]}"; do
        [[ $name == consolidado-* ]] || continue
        port=$(instance_port "$name")
        origins+=${origins:+,}http://127.0.0.1:$port,http://localhost:$port
    done
    export FLUXO_PAINEL_LANCAMENTOS_URL=${FLUXO_PAINEL_LANCAMENTOS_URL:-http://127.0.0.1:$(instance_port lancamentos-1)}
    # An empty variable is no list of origins.
    if [[ -n $origins ]]; then export FLUXO_HTTP_CORS_ORIGENS=${FLUXO_HTTP_CORS_ORIGENS:-$origins}; fi
}

# Migrates the databases of the missing instances' services, as their owners, and starts the instances.
start_missing() {
    local name service
    for service in lancamentos consolidado; do
        [[ " ${MISSING[*]} " != *" $service-"* ]] || service_migrate "$service"
    done
    for name in "${MISSING[@]}"; do
        say "Starting $name on port $(instance_port "$name") ($(shown "$LOG/$name.log"))"
        instance_start "$name"
    done
}

# Safe beside running instances.
service_migrate() {
    local log=$LOG/$1-migrate.log
    say "Migrating the database of $1"
    trim_log "$log"
    run_interruptibly env --chdir="$ROOT" "FLUXO_${1^^}_BANCO_URL_FILE=$SECRETS/$1.banco-migrador" \
        timeout 600 "$BIN/$1" migrate >>"$log" 2>&1 || fail_with "$log" "$1 migrate failed"
}

instance_start() {
    local name=$1 service=${1%-*} port
    port=$(instance_port "$name")
    { printf 'porta=%s\n' "$port" && servers_settings; } >"$RUN/$name.settings"
    # The services read config/ in their working folder. Only the port differs between instances.
    process_start "$RUN/$name.pid" "$LOG/$name.log" env --chdir="$ROOT" "FLUXO_${service^^}_PORTA=$port" "$BIN/$service" serve
}

# instances_stop NAME…: stops them together. A service ends its orderly shutdown after 20 s by itself.
instances_stop() {
    local -a names=("$@")
    ((${#names[@]})) || return 0
    names=("${names[@]/#/$RUN/}")
    processes_stop TERM 25 "${names[@]/%/.pid}"
    rm -f "${names[@]/%/.settings}"
}

instance_wait() { wait_ready "$1" "$(instance_url "$1")/readyz"; }

# wait_ready NAME URL: waits up to 60 s until a process of .local/run answers 200 there. Notices at once if it ends.
wait_ready() {
    local name=$1 url=$2 deadline=$((SECONDS + 60)) answer='no answer'
    while ((SECONDS < deadline)); do
        process_runs "$RUN/$name.pid" || fail_with "$LOG/$name.log" "$name ended while it was starting"
        if answer=$(http --max-time 2 --write-out '\n%{http_code}' "$url" 2>&1) && [[ ${answer##*$'\n'} == 200 ]]; then
            return 0
        fi
        sleep 0.1
    done
    fail_with "$LOG/$name.log" "$name is not ready after 60 s: $url answered ${answer//$'\n'/ }"
}
