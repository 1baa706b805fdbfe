# shellcheck shell=bash
# Which instances shall run, which of them do not, and starting those.

# want_instances N: sets WANTED to one lancamentos and N consolidado.
want_instances() {
    local k
    WANTED=(lancamentos-1)
    for ((k = 1; k <= $1; k++)); do WANTED+=("consolidado-$k"); done
}

# Sets MISSING to the wanted instances that do not run, SURPLUS to those that run unwanted.
compare_instances() {
    local name
    MISSING=()
    SURPLUS=()
    for name in "${WANTED[@]}"; do
        process_runs "$RUN/$name.pid" || MISSING+=("$name")
    done
    for name in $(instances_running); do
        [[ " ${WANTED[*]} " == *" $name "* ]] || SURPLUS+=("$name")
    done
}

# Before anything is built or started: the ports that the missing instances need.
check_ports() {
    local name port variable
    local -A owner=()
    for name in "${MISSING[@]}"; do
        port=$(instance_port "$name")
        variable=FLUXO_${name%-*}_PORTA
        variable=${variable^^}
        if ((port > 65535)); then fail "$variable leaves no port for $name"; fi
        if [[ -n ${owner[$port]:-} ]]; then
            fail "port $port is wanted by ${owner[$port]} and by $name: change it with $variable"
        fi
        if port_taken "$port"; then
            fail "port $port, which $name needs, is taken by another program: free it or choose another with $variable"
        fi
        owner[$port]=$name
    done
}

start_missing() {
    local name service
    ((${#MISSING[@]})) || return 0
    for service in lancamentos consolidado; do
        [[ " ${MISSING[*]} " == *" $service-"* ]] || continue
        say "Migrating the database of $service"
        service_migrate "$service"
    done
    for name in "${MISSING[@]}"; do
        say "Starting $name on port $(instance_port "$name") ($(shown "$LOG/$name.log"))"
        instance_start "$name"
    done
}
