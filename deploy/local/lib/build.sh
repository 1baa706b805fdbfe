# shellcheck shell=bash
# Building the products, and running long commands so that a signal to the script ends them at once.

# run_interruptibly COMMAND…: bash runs a trap only when the command in front has ended, so the command runs behind, in
# a process group of its own, and the script waits; interrupt_running ends that group. (A command that runs behind would
# ignore SIGINT, hence env.)
RUNNING_PID=
run_interruptibly() {
    local status=0
    (exec setsid env --default-signal=INT,QUIT "$@" 9<&-) &
    RUNNING_PID=$!
    wait "$RUNNING_PID" || status=$?
    RUNNING_PID=
    return "$status"
}

# SIGINT first: swift ends what it started, which is in other process groups. What is left after 5 s is killed.
interrupt_running() {
    local tries
    [[ -n $RUNNING_PID ]] || return 0
    kill -s INT -- "-$RUNNING_PID" 2>/dev/null || true
    for ((tries = 0; tries < 50; tries++)); do
        kill -s 0 -- "-$RUNNING_PID" 2>/dev/null || break
        sleep 0.1
    done
    kill -s KILL -- "-$RUNNING_PID" 2>/dev/null || true
    RUNNING_PID=
}

# build_products [NAME…]: builds both services and the products named (release) and sets BIN to the folder with the products.
# deploy/release-flags.txt holds for the images, too. Optimised across modules, dependencies included: a tenth less processor
# time a read than with SwiftPM's default, which looks into other modules only where they are small.
build_products() {
    local product
    local -a flags
    read -ra flags <"$ROOT/deploy/release-flags.txt"
    for product in lancamentos consolidado "$@"; do
        say "Building $product (release; the first time takes some minutes)"
        run_interruptibly swift build --package-path "$ROOT" "${flags[@]}" --product "$product" ||
            fail "swift build failed"
    done
    BIN=$(swift build --package-path "$ROOT" "${flags[@]}" --show-bin-path)
    for product in lancamentos consolidado "$@"; do
        [[ -x $BIN/$product ]] || fail "$BIN/$product is not there after the build"
    done
}
