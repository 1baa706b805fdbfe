# shellcheck shell=bash
# A private RabbitMQ node in a folder of its own. The folder then holds the node's data, log, pid and epmd.pid, its ports (porta,
# porta.management, porta.metricas, porta.dist, porta.epmd), a password for each user (senha.<user>) and URLs (url and
# url.management for the administrator, url.<user> for the services and for the systems in config/rabbitmq/integradores.json).
# Node, management, metrics, distribution and port mapper (epmd) listen on loopback only. A file nome names the node; else it is rabbit.

# Debian's wrappers in /usr/sbin become the user rabbitmq; these do not.
RABBITMQ_BIN=/usr/lib/rabbitmq/bin
# A root file system with another RabbitMQ, as rabbitmq4.sh makes it; empty: the machine's own.
RABBITMQ_RAIZ=${RABBITMQ_RAIZ:-}

# Sets RABBITMQ_NAMESPACE to the words before a command that give it mounts of its own. Without root that needs a user
# namespace, in which the user is called root.
rabbitmq_namespace() {
    RABBITMQ_NAMESPACE=(unshare --mount)
    ((EUID == 0)) || RABBITMQ_NAMESPACE+=(--user --map-root-user)
}

# Sets RABBITMQ_INSIDE to the words before a command that run it in RABBITMQ_RAIZ, with .local at the same path as outside. The
# mounts are in the command's own namespace and end with it. Each word becomes the next (exec), so the pid stays.
rabbitmq_inside() {
    RABBITMQ_INSIDE=()
    [[ -n $RABBITMQ_RAIZ ]] || return 0
    [[ $1 == "$LOCAL"/* ]] || fail "with RABBITMQ_RAIZ a node's folder has to be below $LOCAL"
    rabbitmq_namespace
    mkdir -p "$RABBITMQ_RAIZ$LOCAL"
    # .local first: the bind is recursive (a user namespace allows no other) and includes what is mounted below.
    # shellcheck disable=SC2016 # for the inner shell
    RABBITMQ_INSIDE=("${RABBITMQ_NAMESPACE[@]}" sh -ec '
        root=$1 shared=$2
        shift 2
        mount --rbind "$shared" "$root$shared"
        mount --rbind /proc "$root/proc"
        mount --rbind /dev "$root/dev"
        exec chroot "$root" "$@"
    ' sh "$RABBITMQ_RAIZ" "$LOCAL")
}

# Sets RABBITMQ_WITH to the words before a command that give it this node's settings and no variable of the caller's.
rabbitmq_settings() {
    local dir=$1 base=$1 distribution='-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}'
    # RabbitMQ asks df about the disk and does not quote the path: with a space in it there would be no disk alarm.
    [[ $dir != *[!A-Za-z0-9/._-]* ]] || base=/proc/self/cwd
    rabbitmq_inside "$dir"
    RABBITMQ_WITH=(
        "${RABBITMQ_INSIDE[@]}"
        env -i --chdir="$dir" PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME="$dir"
        ERL_EPMD_PORT="$(<"$dir/porta.epmd")" ERL_EPMD_ADDRESS=127.0.0.1 ERL_CRASH_DUMP="$dir/erl_crash.dump"
        RABBITMQ_NODENAME="$(cat "$dir/nome" 2>/dev/null || echo rabbit)@localhost"
        RABBITMQ_NODE_PORT="$(<"$dir/porta")" RABBITMQ_DIST_PORT="$(<"$dir/porta.dist")"
        RABBITMQ_MNESIA_BASE="$base/mnesia" RABBITMQ_LOG_BASE="$dir" RABBITMQ_LOGS=-
        RABBITMQ_ENABLED_PLUGINS_FILE="$dir/plugins"
        # Named, so that nothing below /etc/rabbitmq is read.
        RABBITMQ_CONF_ENV_FILE="$dir/rabbitmq-env.conf" RABBITMQ_CONFIG_FILE="$dir/rabbitmq.conf"
        RABBITMQ_ADVANCED_CONFIG_FILE="$dir/advanced.config" RABBITMQ_CONFIG_FILES="$dir/conf.d"
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="$distribution" RABBITMQ_CTL_ERL_ARGS="$distribution"
        # Makes rabbitmq-server exec the Erlang machine: one process, one pid.
        RUNNING_UNDER_SYSTEMD=true
    )
}

# Chooses ports and writes the node's files.
rabbitmq_configure() {
    local dir=$1 name
    for name in porta porta.management porta.metricas porta.dist; do port_remembered "$dir/$name" >/dev/null; done
    mkdir -p "$dir/conf.d"
    : >"$dir/rabbitmq-env.conf"
    printf '[].\n' >"$dir/advanced.config"
    printf '[rabbitmq_management,rabbitmq_prometheus].\n' >"$dir/plugins"
    # The first start makes the administrator, who then imports everything else.
    write_private "$dir/rabbitmq.conf" <<CONF
default_user = administrador
default_pass = $(secret "$dir/senha.administrador")
listeners.tcp.1 = 127.0.0.1:$(<"$dir/porta")
management.tcp.ip = 127.0.0.1
management.tcp.port = $(<"$dir/porta.management")
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = $(<"$dir/porta.metricas")
log.console = true
log.console.level = info
log.file = false
# A development machine: block publishers before the disk is full, and keep the quorum queues' log small (default 512 MiB).
disk_free_limit.absolute = 500MB
vm_memory_high_watermark.relative = 0.4
raft.wal_max_size_bytes = 64000000
CONF
}

# rabbitmq_start DIR [LOG]: starts the node unless it runs, and returns when it serves and holds what config/rabbitmq defines.
rabbitmq_start() {
    local dir=$1 log=${2:-$1/log}
    [[ -x $RABBITMQ_RAIZ$RABBITMQ_BIN/rabbitmq-server ]] || fail "rabbitmq-server is not installed"
    mkdir -p "$dir"
    chmod 700 "$dir"
    dir=$(cd -P "$dir" && pwd)
    # The second attempt has other ports if a program took the first ones meanwhile.
    rabbitmq_run "$dir" "$log" || rabbitmq_run "$dir" "$log" || fail_with "$log" "RabbitMQ did not start"
    rabbitmq_administrator "$dir" "$log"
    rabbitmq_define "$dir" "$log"
}

# Recovery after a crash may need minutes; the node's end is noticed at once.
rabbitmq_run() {
    local dir=$1 log=$2
    rabbitmq_epmd "$dir" "$log"
    if ! process_runs "$dir/pid"; then
        rabbitmq_configure "$dir"
        rabbitmq_settings "$dir"
        process_start "$dir/pid" "$log" "${RABBITMQ_WITH[@]}" "$RABBITMQ_BIN/rabbitmq-server"
    fi
    (rabbitmq_ctl "$dir" wait --pid "$(<"$dir/pid")" --timeout 300) >>"$log" 2>&1
}

# A node registers itself with epmd, and rabbitmqctl finds it there. A private epmd, because the machine's on port 4369 is shared
# with other Erlang programs and listens everywhere. A node registers again by itself when its epmd returns.
rabbitmq_epmd() {
    local dir=$1 log=$2
    if process_runs "$dir/epmd.pid"; then return 0; fi
    rabbitmq_stop_strays "$dir"
    # A node that runs cannot change its epmd's port.
    process_runs "$dir/pid" || port_remembered "$dir/porta.epmd" >/dev/null
    process_start "$dir/epmd.pid" "$log" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$dir" \
        epmd -port "$(<"$dir/porta.epmd")" -address 127.0.0.1
    if ! eventually 5 port_taken "$(<"$dir/porta.epmd")" || ! process_runs "$dir/epmd.pid"; then
        fail_with "$log" "epmd did not start on port $(<"$dir/porta.epmd")"
    fi
}

# Ends every epmd of this node, by its environment. A node or rabbitmqctl that finds no epmd starts one, unrecorded.
rabbitmq_stop_strays() {
    local process
    for process in /proc/[0-9]*; do
        if [[ $(readlink "$process/exe") == */epmd ]] && grep -qzxF "HOME=$1" "$process/environ" 2>/dev/null; then
            kill "${process#/proc/}" 2>/dev/null || true
        fi
    done
}

# Repairs the administrator, which only a node's first start makes: that start was killed, or the password's file was lost.
rabbitmq_administrator() {
    local dir=$1 log=$2
    [[ $(http --config - --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:$(<"$dir/porta.management")/api/whoami" \
        <<<"user = \"administrador:$(<"$dir/senha.administrador")\"") == 401 ]] || return 0
    {
        rabbitmq_ctl "$dir" add_user administrador <"$dir/senha.administrador" ||
            rabbitmq_ctl "$dir" change_password administrador <"$dir/senha.administrador"
        rabbitmq_ctl "$dir" set_user_tags administrador administrator
        rabbitmq_ctl "$dir" set_permissions --vhost / administrador '.*' '.*' '.*'
    } >>"$log" 2>&1 || fail "RabbitMQ has no administrator and did not accept a new one ($log)"
}

# rabbitmq_import OPTION…: config/rabbitmq/import for the systems in integradores.json, without variables for another broker.
rabbitmq_import() {
    env -u RABBITMQ_MANAGEMENT -u RABBITMQ_SEGREDOS -u RABBITMQ_CA -u RABBITMQ_NODES -u RABBITMQ_WAIT \
        "$ROOT/config/rabbitmq/import" --integradores "$ROOT/config/rabbitmq/integradores.json" "$@" 9<&-
}

# Imports exchanges, queues, policies, users and rights from the files that serve every environment, and writes the URLs.
rabbitmq_define() {
    local dir=$1 log=$2 names user
    names=$(rabbitmq_import --users) || fail "config/rabbitmq cannot be read"
    for user in $names; do secret "$dir/senha.$user" >/dev/null; done
    rabbitmq_import --url "http://127.0.0.1:$(<"$dir/porta.management")" --segredos "$dir" >>"$log" ||
        fail "RabbitMQ did not accept what config/rabbitmq defines"
    for user in administrador $names; do
        printf 'amqp://%s:%s@127.0.0.1:%s/%%2F\n' "$user" "$(<"$dir/senha.$user")" "$(<"$dir/porta")" |
            write_private "$dir/url.$user"
    done
    write_private "$dir/url" <"$dir/url.administrador"
    printf 'http://administrador:%s@127.0.0.1:%s\n' "$(<"$dir/senha.administrador")" "$(<"$dir/porta.management")" |
        write_private "$dir/url.management"
}

# The Erlang machine shuts down in order on SIGTERM.
rabbitmq_stop() {
    local dir
    [[ -d $1 ]] || return 0
    dir=$(cd -P "$1" && pwd)
    processes_stop TERM 25 "$dir/pid"
    processes_stop TERM 5 "$dir/epmd.pid"
    rabbitmq_stop_strays "$dir"
}

# SIGKILL to the node alone.
rabbitmq_kill() { process_kill "$1/pid"; }

# rabbitmq_ctl DIR ARGUMENT…: rabbitmqctl for the node in this folder. Without the node's epmd it would start one unrecorded.
rabbitmq_ctl() {
    local dir
    dir=$(cd -P "$1" && pwd)
    if ! process_runs "$dir/pid" || ! process_runs "$dir/epmd.pid"; then fail "no node runs in $dir"; fi
    rabbitmq_settings "$dir"
    "${RABBITMQ_WITH[@]}" "$RABBITMQ_BIN/rabbitmqctl" "${@:2}" 9<&-
}
