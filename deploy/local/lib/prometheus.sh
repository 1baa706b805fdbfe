# shellcheck shell=bash
# Prometheus beside the local stack (deploy/local/up --observar), with the rules of deploy/monitoring. It listens on loopback
# and keeps a week in .local/prometheus. Once asked for, it belongs to the stack until that is stopped.

PROMETHEUS_RULES=$ROOT/deploy/monitoring/prometheus

prometheus_url() { printf 'http://127.0.0.1:%s\n' "$(<"$LOCAL/prometheus/porta")"; }

# prometheus_targets JOB PORT…: what Prometheus scrapes under this name; it notices a changed file by itself.
prometheus_targets() {
    local file=$LOCAL/prometheus/alvos/$1.json port list=
    shift
    for port; do list+=${list:+, }\"127.0.0.1:$port\"; done
    printf '[{"targets": [%s]}]\n' "$list" >"$file.new"
    mv -f "$file.new" "$file"
}

prometheus_all_targets() {
    local service name
    local -a ports
    for service in lancamentos consolidado; do
        ports=()
        for name in $(instances_running "$service"); do ports+=("$(instance_actual_port "$name")"); done
        prometheus_targets "$service" "${ports[@]}"
    done
    prometheus_targets rabbitmq "$(<"$LOCAL/rabbitmq/porta.metricas")"
}

# Starts it, or leaves it if it runs, and tells it what runs now.
prometheus_start() {
    local dir=$LOCAL/prometheus log=$LOG/prometheus.log attempt port
    packages_install prometheus
    rabbitmq_metrics "$LOCAL/rabbitmq" "$LOG/rabbitmq.log"
    mkdir -p "$dir/alvos"
    # Files that the configuration names lie beside it.
    cp "$PROMETHEUS_RULES/prometheus.yaml" "$dir/prometheus.yaml"
    ln -sfn "$PROMETHEUS_RULES/rules" "$dir/rules"
    prometheus_all_targets
    if process_runs "$RUN/prometheus.pid"; then return 0; fi
    say "Starting Prometheus ($(shown "$log"))"
    for attempt in 1 2 3; do
        port=$(port_remembered "$dir/porta")
        process_start "$RUN/prometheus.pid" "$log" prometheus --config.file="$dir/prometheus.yaml" \
            --storage.tsdb.path="$dir/data" --storage.tsdb.retention.time=7d --web.listen-address="127.0.0.1:$port" \
            --log.level=warn
        prometheus_wait && return 0
        ((attempt == 3)) || sleep 1
    done
    show_log "$log"
    fail "Prometheus did not start"
}

prometheus_wait() {
    local deadline=$((SECONDS + 60))
    while ((SECONDS < deadline)); do
        process_runs "$RUN/prometheus.pid" || return 1
        if [[ $(http --max-time 2 --output /dev/null --write-out '%{http_code}' "$(prometheus_url)/-/ready" 2>/dev/null) == 200 ]]; then
            return 0
        fi
        sleep 0.1
    done
    return 1
}
