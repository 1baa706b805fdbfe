# shellcheck shell=bash
# The Deployments of the overlay dev, for real, by podman kube play: replicas, init containers, ConfigMaps, volumes, users,
# read-only roots and memory limits. A Service is a name on the network that reaches every pod behind it.

KUBE=$CONTAINERS/kube
KUBE_NETWORK=fluxo-teste-kube

kube_play() {
    podman kube play --quiet --network "$KUBE_NETWORK:alias=$1" "$KUBE/$1.yaml" >/dev/null || fail "kube play refuses the Deployment $1"
}

# in_network ARGUMENT…: podman run with Python's image in the pods' network, as user 10001.
in_network() { podman run --rm --network "$KUBE_NETWORK" --user 10001:10001 --read-only --volume "$KUBE:$KUBE:ro" "$@"; }

# kube_wait URL: until it answers 200.
kube_wait() {
    in_network --entrypoint python3 "$(image_named IMAGEM_PYTHON)" -c '
import sys, time, urllib.request
deadline = time.monotonic() + 120
while True:
    try:
        urllib.request.urlopen(sys.argv[1], timeout=5)
        break
    except OSError as error:
        if time.monotonic() > deadline:
            sys.exit(f"error: {sys.argv[1]}: {error}")
        time.sleep(0.5)' "$1"
}

kube_crash() {
    local id
    id=$(podman ps --quiet --filter "name=^$1-pod(-[0-9]+)?-$1\$" | head -n 1)
    [[ -n $id ]] || fail "no pod of $1 runs"
    say "Killing $1"
    kill -s KILL "$(podman inspect --format '{{.State.Pid}}' "$id")"
}

kube_test() {
    local python load name
    python=$(image_named IMAGEM_PYTHON)
    rm -rf "$KUBE"
    mkdir -m 755 "$KUBE"
    "$TOOLS/python" -B "$ROOT/deploy/docker/test/kube.py" "$LOCAL/kubernetes/manifests/dev.yaml" "$KUBE"
    cp "$ROOT/deploy/docker/test/load.py" "$ROOT/deploy/compose/token" "$KUBE"
    chmod -R a+rX "$KUBE"
    podman network create "$KUBE_NETWORK" >/dev/null
    say "Playing the Deployments of the overlay dev"
    kube_play postgres
    kube_play rabbitmq
    in_network --env RABBITMQ_MANAGEMENT=http://rabbitmq:15672 --env RABBITMQ_SEGREDOS="$KUBE/segredos" \
        --env RABBITMQ_INTEGRADORES="$KUBE/importacao/integradores.json" --env RABBITMQ_WAIT=180 \
        --entrypoint python3 "$python" -B "$KUBE/importacao/import"
    for name in lancamentos consolidado; do kube_play "$name"; done
    kube_wait http://lancamentos:8080/readyz
    kube_wait http://consolidado:8081/readyz
    in_network --volume "$KUBE/token:/segredos/token:ro" --entrypoint python3 "$python" -B /dev/stdin --contas 'teste.*' \
        <"$ROOT/deploy/compose/token" >"$KUBE/bearer"
    chmod 644 "$KUBE/bearer"
    say "Load on the Deployments, with crashes"
    in_network --entrypoint python3 "$python" -B "$KUBE/load.py" http://lancamentos:8080 http://consolidado:8081 "$KUBE/bearer" \
        40 60 "teste.k$(date +%s)" >"$CONTAINERS/load.log" 2>&1 &
    load=$!
    sleep 10
    for name in consolidado lancamentos rabbitmq; do
        kube_crash "$name"
        sleep 8
    done
    if ! wait "$load"; then
        cat "$CONTAINERS/load.log" >&2
        fail "the audit of the Deployments is not clean"
    fi
    cat "$CONTAINERS/load.log"
}
