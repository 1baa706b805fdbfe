# shellcheck shell=bash
# run_interruptibly COMMAND…: bash runs a trap only after the foreground command has ended. So the command runs in the background,
# in a process group of its own, which interrupt_running ends. Background commands of a script ignore SIGINT, hence env.
RUNNING_PID=
run_interruptibly() {
    local status=0
    (exec setsid env --default-signal=INT,QUIT "$@" 9<&-) &
    RUNNING_PID=$!
    wait "$RUNNING_PID" || status=$?
    RUNNING_PID=
    return "$status"
}

# SIGINT first: swift then ends its children, which are in other process groups. SIGKILL after 5 s.
interrupt_running() {
    [[ -n $RUNNING_PID ]] || return 0
    kill -s INT -- "-$RUNNING_PID" 2>/dev/null || true
    eventually 5 not kill -s 0 -- "-$RUNNING_PID" 2>/dev/null || kill -s KILL -- "-$RUNNING_PID" 2>/dev/null || true
    RUNNING_PID=
}

# The revision of the sources, which the programs print with --version: the commit, with -modificada if files differ from it; nothing
# outside of a repository.
revision() {
    local commit
    commit=$(git -C "$ROOT" rev-parse HEAD 2>/dev/null) || return 0
    if [[ -n $(git -C "$ROOT" status --porcelain --untracked-files=no) ]]; then commit+=-modificada; fi
    printf '%s\n' "$commit"
}

# build_products NAME…: builds products (release) and sets BIN to their folder. The flags serve the
# images, too: optimising across modules saves a tenth of processor time a read against SwiftPM's default.
build_products() {
    local product
    local -a flags
    read -ra flags <"$ROOT/deploy/release-flags.txt"
    REVISAO=$(revision)
    export REVISAO
    for product; do
        say "Building $product (release; the first time takes some minutes)"
        run_interruptibly swift build --package-path "$ROOT" "${flags[@]}" --product "$product" || fail "swift build failed"
    done
    BIN=$(swift build --package-path "$ROOT" "${flags[@]}" --show-bin-path)
    [[ -x $BIN/$1 ]] || fail "swift build made no $BIN/$1"
}

# Sets PRODUTOS to the folder with the services' programs, and builds them unless the caller did.
find_products() {
    [[ -n ${PRODUTOS:-} ]] || { packages_for_stack && build_products lancamentos consolidado; }
    export PRODUTOS=${PRODUTOS:-$BIN}
}
