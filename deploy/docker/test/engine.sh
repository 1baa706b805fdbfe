# shellcheck shell=bash
# A private podman below .local/containers, with its own images, containers, volumes and networks. It runs as root: rootless containers
# need more than packages.

CONTAINERS=$LOCAL/containers
# The Dockerfile's cache mount is below it.
export TMPDIR=$CONTAINERS/tmp
export CONTAINERS_CONF=$CONTAINERS/containers.conf CONTAINERS_STORAGE_CONF=$CONTAINERS/storage.conf
export CONTAINERS_REGISTRIES_CONF=$CONTAINERS/registries.conf

# Containers outlive podman and must not keep the script's lock.
podman() { command podman "$@" 9<&-; }

# The files that podman reads instead of the machine's.
engine_configure() {
    mkdir -p "$CONTAINERS" "$TMPDIR"
    cat >"$CONTAINERS_CONF" <<CONF
[containers]
default_ulimits = ["nofile=16384:16384", "nproc=8192:8192"]
log_driver = "k8s-file"
[network]
network_config_dir = "$CONTAINERS/networks"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
    cat >"$CONTAINERS_STORAGE_CONF" <<CONF
[storage]
driver = "overlay"
graphroot = "$CONTAINERS/storage"
runroot = "$CONTAINERS/run"
CONF
    printf 'unqualified-search-registries = []\n' >"$CONTAINERS_REGISTRIES_CONF"
}

engine_packages() {
    packages_install podman buildah runc netavark aardvark-dns debootstrap debian-archive-keyring iptables uidmap conmon catatonit \
        python3 python3-venv curl
}

# Sets TOOLS to the folder of the programs of requirements.txt.
# shellcheck disable=SC2034 # used by the scripts that read this one
engine_tools() {
    python_environment containers/python "$ROOT/deploy/docker/test/requirements.txt"
    TOOLS=$LOCAL/containers/python/bin
}

# Removes every container, pod, network and volume of this engine; images stay for the next run.
engine_clear() {
    [[ -s $CONTAINERS_CONF ]] || return 0
    podman pod rm --all --force --time 0 >/dev/null 2>&1 || true
    podman rm --all --force --time 0 --volumes >/dev/null 2>&1 || true
    podman volume prune --force >/dev/null 2>&1 || true
    podman network prune --force >/dev/null 2>&1 || true
}

# load_audited PID LOG NAME: waits for load.py and its audit.
load_audited() {
    if ! wait "$1"; then
        cat "$2" >&2
        fail "the audit of $3 is not clean"
    fi
    cat "$2"
}

# crash CONTAINER [NAME]: kills its first process from outside, so the engine does not see a requested stop.
crash() {
    local pid
    pid=$(podman inspect --format '{{.State.Pid}}' "$1")
    ((pid > 1)) || fail "${2:-$1} has no process"
    say "Killing ${2:-$1}"
    kill -s KILL "$pid"
}
