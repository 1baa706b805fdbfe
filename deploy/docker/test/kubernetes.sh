# shellcheck shell=bash
# Runs the overlay dev's Deployments: podman plays the rendered manifests (pods.py lists the exceptions).

PODS=$CONTAINERS/pods
PODS_NETWORK=fluxo-pods

# play NAME [ALIAS]: starts a file of $PODS; its pods have the name of their Service.
play() {
    say "Playing $1"
    run_interruptibly podman kube play --quiet --network "$PODS_NETWORK:alias=${2:-$1}" "$PODS/$1.yaml" >"$PODS/$1.log" 2>&1 || {
        show_log "$PODS/$1.log"
        fail "podman does not play $1"
    }
}

# answers SECONDS CONTAINER COMMAND…: repeats a command in a container until it succeeds.
answers() {
    local deadline=$((SECONDS + $1))
    until podman exec "${@:2}" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || {
            podman logs --tail 20 "$2" >&2
            fail "after $1 s in $2: ${*:3}"
        }
        sleep 1
    done
}

# Kubernetes restarts pods until their servers answer; podman does not start an initContainer twice.
pods_start() {
    local pod
    podman network create "$PODS_NETWORK" >/dev/null
    play postgres
    play rabbitmq
    answers 60 postgres-pod-0-postgres pg_isready --quiet --host=127.0.0.1 --username=postgres
    answers 120 rabbitmq-pod-0-rabbitmq rabbitmq-diagnostics --quiet check_port_listener 15672
    play rabbitmq-import
    [[ $(podman wait rabbitmq-import-import) == 0 ]] || {
        podman logs rabbitmq-import-import >&2
        fail "the Job rabbitmq-import failed"
    }
    play lancamentos
    play consolidado
    for pod in lancamentos-pod-0-lancamentos consolidado-pod-{0,1}-consolidado; do
        answers 60 "$pod" "${pod##*-}" saude
    done
}

kubernetes_test() {
    local load pod
    "$ROOT/deploy/kubernetes/check" --sem-checkov
    rm -rf --one-file-system "$PODS"
    mkdir -p "$PODS"
    "$TOOLS/python" -B "$ROOT/deploy/docker/test/pods.py" "$LOCAL/kubernetes/manifests/dev.yaml" "$PODS"
    pods_start
    "$ROOT/deploy/local/token" --contas 'teste.*' --sub deploy-test --segredo "$PODS/volumes/lancamentos/auth/segredo" >"$PODS/token"
    say "Load on the overlay dev, with crashes and scaling"
    podman run --rm --network "$PODS_NETWORK" --volume "$ROOT/deploy/docker/test/load.py:/load.py:ro" --volume "$PODS/token:/token:ro" \
        "$(image_named IMAGEM_PYTHON)" python3 -B /load.py http://lancamentos:8080 http://consolidado:8081 /token 40 90 \
        "teste.k$(date +%s)" >"$PODS/load.log" 2>&1 &
    load=$!
    sleep 10
    play consolidado-mais consolidado
    crash consolidado-pod-0-consolidado
    sleep 5
    crash lancamentos-pod-0-lancamentos
    sleep 5
    crash rabbitmq-pod-0-rabbitmq
    sleep 20
    say "Scaling down"
    for pod in consolidado-mais-pod-{0,1,2}; do podman pod stop --time 40 "$pod" >/dev/null; done
    load_audited "$load" "$PODS/load.log" "the overlay dev"
    say "Stopping the overlay dev"
    for pod in lancamentos-pod-0 consolidado-pod-0 consolidado-pod-1; do podman pod stop --time 40 "$pod" >/dev/null; done
    engine_clear
    rm -rf --one-file-system "$PODS"
}
