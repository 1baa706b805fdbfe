# shellcheck shell=bash
# Runs the core of Compose with Compose itself (Debian trixie's package, unpacked) and podman's Docker API.

COMPOSE=$CONTAINERS/compose/usr/libexec/docker/cli-plugins/docker-compose
COMPOSE_PROFILES_ALL=(ferramentas observabilidade elk)

# Extracts the program from trixie's package; its package lists are below .local, apart from the machine's.
compose_program() {
    local lists=$CONTAINERS/apt archive
    [[ ! -x $COMPOSE ]] || return 0
    say "Fetching Compose (Debian trixie's package)"
    archive=$(debian_archive Debian) || fail "Compose comes from Debian, and no apt source of this machine is Debian's"
    mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial"
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie main\n' "$archive" >"$lists/sources.list"
    local -a apt=(apt-get -qq -o "Dir::Etc::SourceList=$lists/sources.list" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$lists/lists" -o "Dir::Cache=$lists/cache" -o APT::Sandbox::User=root)
    "${apt[@]}" update
    (cd "$lists" && rm -f docker-compose_*.deb && "${apt[@]}" download docker-compose)
    dpkg-deb --extract "$lists"/docker-compose_*.deb "$CONTAINERS/compose"
    [[ -x $COMPOSE ]] || fail "the package docker-compose has no $COMPOSE"
}

# Sets COMPOSE_WITH to the words before Compose's own arguments: called in the clone's folder, with images by their tags alone, as the
# stand-ins have them.
compose_settings() {
    local name
    COMPOSE_WITH=(env "--chdir=$ROOT" "DOCKER_HOST=unix://$CONTAINERS/podman.sock" COMPOSE_PROJECT_NAME=fluxo-teste
        LANCAMENTOS_PORTA=28080 CONSOLIDADO_PORTA=28081 AMQP_PORTA=25672 RABBITMQ_PORTA=25673)
    while IFS='=' read -r name _; do COMPOSE_WITH+=("$name=$(image_named "$name")"); done < <(grep '^IMAGEM_' "$ROOT/.env")
    COMPOSE_WITH+=("$COMPOSE")
}

compose() { "${COMPOSE_WITH[@]}" "$@" 9<&-; }

compose_parses() {
    local profile
    local -a all=()
    compose_settings
    for profile in "${COMPOSE_PROFILES_ALL[@]}"; do
        compose --profile "$profile" config --quiet || fail "Compose refuses the profile $profile"
        all+=(--profile "$profile")
    done
    compose "${all[@]}" config --quiet || fail "Compose refuses all profiles together"
    say "Compose accepts every profile"
}

# Starts podman's API, and the health checks that systemd would run: those of containers that are not healthy, for which Compose waits.
compose_engine() {
    process_start "$CONTAINERS/api.pid" "$CONTAINERS/api.log" podman system service --time 0 "unix://$CONTAINERS/podman.sock"
    # shellcheck disable=SC2016 # for the inner shell
    process_start "$CONTAINERS/health.pid" "$CONTAINERS/health.log" bash -c '
        while true; do
            for id in $(podman ps --quiet --filter health=starting --filter health=unhealthy); do
                podman healthcheck run "$id" >/dev/null 2>&1
            done
            sleep 2
        done'
}

# crash_service SERVICE: crashes one container of it.
crash_service() {
    local id
    id=$(compose ps --quiet "$1" | head -n 1)
    [[ -n $id ]] || fail "no container of $1 runs"
    crash "$id" "$1"
}

compose_test() {
    local token=$CONTAINERS/token load
    compose_settings
    compose_engine
    say "Starting the core of Compose"
    run_interruptibly "${COMPOSE_WITH[@]}" up --detach --no-build || fail "the core of Compose does not start"
    compose run --rm token --contas 'teste.*' --sub deploy-test >"$token" 2>/dev/null
    say "Load on Compose, with crashes and scaling"
    python3 -B "$ROOT/deploy/docker/test/load.py" http://127.0.0.1:28080 http://127.0.0.1:28081 "$token" 40 90 \
        "teste.c$(date +%s)" >"$CONTAINERS/load.log" 2>&1 &
    load=$!
    sleep 10
    compose up --detach --no-build --no-recreate --scale consolidado=4
    sleep 5
    crash_service consolidado
    sleep 5
    crash_service lancamentos
    sleep 5
    crash_service rabbitmq
    sleep 20
    compose up --detach --no-build --no-recreate --scale consolidado=1
    load_audited "$load" "$CONTAINERS/load.log" Compose
    compose run --rm -T --no-deps --entrypoint cat segredos /segredos/mestre/rabbitmq.monitor >"$CONTAINERS/monitor" 2>/dev/null
    "$TOOLS/python" -B "$ROOT/deploy/docker/test/trigger.py" "$ROOT/deploy/kubernetes/overlays/producao/scaling.yaml" \
        http://127.0.0.1:25673 "$CONTAINERS/monitor" || fail "KEDA would not get the queue's length"
    say "Stopping Compose"
    compose --profile ferramentas down --volumes --timeout 40
}
