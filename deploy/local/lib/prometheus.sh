# shellcheck shell=bash
# Prometheus beside the local stack (deploy/local/up --observar), with the rules of deploy/monitoring. It listens on loopback,
# keeps a week in .local/prometheus, and belongs to the stack until that is stopped.

prometheus_url() { printf 'http://127.0.0.1:%s\n' "$(<"$LOCAL/prometheus/porta")"; }

# prometheus_targets JOB PORT…: the ports that Prometheus scrapes under this name. It watches the file.
prometheus_targets() {
    local file=$LOCAL/prometheus/alvos/$1.json targets
    targets=$(printf ', "127.0.0.1:%s"' "${@:2}")
    printf '[{"targets": [%s]}]\n' "${targets#, }" >"$file.new"
    mv -f "$file.new" "$file"
}

# Starts Prometheus unless it runs, and updates its targets.
prometheus_start() {
    local dir=$LOCAL/prometheus log=$LOG/prometheus.log service name
    local -a ports
    packages_install prometheus
    mkdir -p "$dir/alvos"
    # Files that the configuration names are beside it.
    cp "$ROOT/deploy/monitoring/prometheus/prometheus.yaml" "$dir/prometheus.yaml"
    ln -sfn "$ROOT/deploy/monitoring/prometheus/rules" "$dir/rules"
    for service in lancamentos consolidado; do
        ports=()
        for name in $(instances_running "$service"); do ports+=("$(instance_actual_port "$name")"); done
        prometheus_targets "$service" "${ports[@]}"
    done
    prometheus_targets rabbitmq "$(<"$LOCAL/rabbitmq/porta.metricas")"
    if process_runs "$RUN/prometheus.pid"; then return 0; fi
    say "Starting Prometheus ($(shown "$log"))"
    process_start "$RUN/prometheus.pid" "$log" prometheus --config.file="$dir/prometheus.yaml" \
        --storage.tsdb.path="$dir/data" --storage.tsdb.retention.time=7d \
        --web.listen-address="127.0.0.1:$(port_remembered "$dir/porta")" --log.level=warn
    wait_ready prometheus "$(prometheus_url)/-/ready"
}
