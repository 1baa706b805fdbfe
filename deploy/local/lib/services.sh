# shellcheck shell=bash
# The instances of the two services: where they listen, how they are configured, started and stopped.

# stack_in FOLDER: from here on the stack is the one in this folder. Unless said otherwise it is the clone's own.
# shellcheck disable=SC2034 # LOG and SECRETS are used by the scripts that read this one
stack_in() {
    LOCAL=$1
    RUN=$LOCAL/run
    LOG=$LOCAL/log
    SECRETS=$LOCAL/segredos
}
stack_in "$LOCAL"

# A path as people read it: from the clone's folder on.
shown() { printf '%s\n' "${1#"$ROOT/"}"; }

# instance_port NAME: the port that a new instance gets. The consolidado instances count up from the first.
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

# The port on which an instance was started.
instance_actual_port() { sed -n 's/^porta=//p' "$RUN/$1.settings"; }

instance_url() { printf 'http://127.0.0.1:%s\n' "$(instance_actual_port "$1")"; }

# What an instance has been told about the servers. If these had to move to other ports, it has to be started anew.
servers_settings() { printf 'postgres=%s\nrabbitmq=%s\n' "$(<"$LOCAL/postgres/porta")" "$(<"$LOCAL/rabbitmq/porta")"; }

instance_is_current() { [[ $(grep -v '^porta=' "$RUN/$1.settings" 2>/dev/null) == "$(servers_settings)" ]]; }

# Instances of a service (or of both) that run, in order.
instances_running() {
    local pid_file
    for pid_file in "$RUN"/{lancamentos,consolidado}-*.pid; do
        if [[ ${pid_file##*/} == "${1:-}"* ]] && process_runs "$pid_file"; then basename "${pid_file%.pid}"; fi
    done | sort -V
}

# The configuration of both services: one environment serves both. Other FLUXO_ variables of the caller go through.
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
    # Links in answers have to lead to where lancamentos really is.
    export FLUXO_URL_PUBLICA=${FLUXO_URL_PUBLICA:-http://localhost:$(instance_port lancamentos-1)}
}

# database_url ROLE
database_url() { postgres_url "$LOCAL/postgres" "$SECRETS" "$1"; }

# Brings a service's schema up to date, as its owner; safe beside running instances.
service_migrate() {
    local log=$LOG/$1-migrate.log
    trim_log "$log"
    if ! run_interruptibly env --chdir="$ROOT" "FLUXO_${1^^}_BANCO_URL_FILE=$SECRETS/$1.banco-migrador" \
        timeout 600 "$BIN/$1" migrate >>"$log" 2>&1; then
        show_log "$log"
        fail "$1 migrate failed"
    fi
}

instance_start() {
    local name=$1 service=${1%-*} port
    port=$(instance_port "$name")
    { printf 'porta=%s\n' "$port" && servers_settings; } >"$RUN/$name.settings"
    # The services look for config/ in the folder they are started in. Only this port differs between instances.
    process_start "$RUN/$name.pid" "$LOG/$name.log" env --chdir="$ROOT" "FLUXO_${service^^}_PORTA=$port" \
        "$BIN/$service" serve
}

# instances_stop NAME…: asks all at once. A service gives up its own orderly stop after 20 s.
instances_stop() {
    local name
    local -a pid_files=() settings=()
    for name; do
        pid_files+=("$RUN/$name.pid")
        settings+=("$RUN/$name.settings")
    done
    ((${#pid_files[@]})) || return 0
    processes_stop TERM 25 "${pid_files[@]}"
    rm -f "${settings[@]}"
}

# Waits until an instance is ready. Says what it answers if it never is, and notices at once if it ends.
instance_wait() {
    local name=$1 deadline=$((SECONDS + 60)) answer='no answer'
    while ((SECONDS < deadline)); do
        if ! process_runs "$RUN/$name.pid"; then
            show_log "$LOG/$name.log"
            fail "$name ended while it was starting"
        fi
        if answer=$(http --max-time 2 --write-out '\n%{http_code}' "$(instance_url "$name")/readyz" 2>&1) &&
            [[ ${answer##*$'\n'} == 200 ]]; then
            return 0
        fi
        sleep 0.1
    done
    show_log "$LOG/$name.log"
    fail "$name (port $(instance_actual_port "$name")) is not ready after 60 s: ${answer//$'\n'/ }"
}

# curl for loopback, whatever the caller's proxy or .curlrc is.
http() { curl --disable --noproxy '*' --silent --show-error "$@"; }
