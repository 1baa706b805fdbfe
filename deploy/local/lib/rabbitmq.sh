# shellcheck shell=bash
# A private RabbitMQ node in a folder of its own. It leaves there: the node's data, log, pid and epmd.pid, the ports
# (porta, porta.management, porta.dist, porta.epmd, and porta.metricas once its metrics were asked for), a password for each
# user (senha.<user>) and their URLs (url and url.management for the administrator, url.<user> for the others: the services
# and the systems in config/rabbitmq/integradores.json). Node, management, metrics, distribution and port mapper (epmd) listen
# on loopback only.

# Debian's wrappers in /usr/sbin become the user rabbitmq; these do not.
RABBITMQ_BIN=/usr/lib/rabbitmq/bin
# A root file system with another RabbitMQ to run, such as rabbitmq4.sh makes; empty: the machine's own.
RABBITMQ_RAIZ=${RABBITMQ_RAIZ:-}

# Sets RABBITMQ_NAMESPACE to the words before a command that give it mounts of its own. Without root that takes a user
# namespace, in which the user is called root.
rabbitmq_namespace() {
    RABBITMQ_NAMESPACE=(unshare --mount)
    ((EUID == 0)) || RABBITMQ_NAMESPACE+=(--user --map-root-user)
}

# Sets RABBITMQ_INSIDE to the words before a command that run it in RABBITMQ_RAIZ, with .local at the same path as outside.
# The mounts are in a namespace of the command's own: they end with it, however it ends, and nobody else can delete through
# them. Each word becomes the next (exec), so the pid stays.
rabbitmq_inside() {
    local dir=$1
    RABBITMQ_INSIDE=()
    [[ -n $RABBITMQ_RAIZ ]] || return 0
    [[ $dir == "$LOCAL"/* ]] || fail "with RABBITMQ_RAIZ a node's folder has to lie below $LOCAL"
    rabbitmq_namespace
    mkdir -p "$RABBITMQ_RAIZ$LOCAL"
    # .local first: the bind is recursive (a user namespace allows no other) and would take along what is mounted below.
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

# Sets RABBITMQ_WITH to the words before a command that give it this node's settings, and nothing of the caller's that
# could change them.
rabbitmq_settings() {
    local dir=$1 base=$1
    # RabbitMQ asks df about the disk and does not quote the path: with a space in it there would be no disk alarm.
    [[ $dir != *[!A-Za-z0-9/._-]* ]] || base=/proc/self/cwd
    rabbitmq_inside "$dir"
    RABBITMQ_WITH=(
        "${RABBITMQ_INSIDE[@]}"
        env -i --chdir="$dir" PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME="$dir"
        ERL_EPMD_PORT="$(<"$dir/porta.epmd")" ERL_EPMD_ADDRESS=127.0.0.1 ERL_CRASH_DUMP="$dir/erl_crash.dump"
        RABBITMQ_NODENAME=rabbit@localhost
        RABBITMQ_NODE_PORT="$(<"$dir/porta")" RABBITMQ_DIST_PORT="$(<"$dir/porta.dist")"
        RABBITMQ_MNESIA_BASE="$base/mnesia" RABBITMQ_LOG_BASE="$dir" RABBITMQ_LOGS=-
        RABBITMQ_ENABLED_PLUGINS_FILE="$dir/plugins"
        # Named, so that nothing below /etc/rabbitmq takes part.
        RABBITMQ_CONF_ENV_FILE="$dir/rabbitmq-env.conf" RABBITMQ_CONFIG_FILE="$dir/rabbitmq.conf"
        RABBITMQ_ADVANCED_CONFIG_FILE="$dir/advanced.config" RABBITMQ_CONFIG_FILES="$dir/conf.d"
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}'
        RABBITMQ_CTL_ERL_ARGS='-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}'
        # Makes rabbitmq-server become the Erlang machine instead of standing in front of it: one process, one pid.
        RUNNING_UNDER_SYSTEMD=true
    )
}

rabbitmq_configure() {
    local dir=$1
    mkdir -p "$dir/conf.d"
    : >"$dir/rabbitmq-env.conf"
    printf '[].\n' >"$dir/advanced.config"
    printf '[rabbitmq_management].\n' >"$dir/plugins"
    # Its first start makes the administrator, who then imports everything else.
    write_private "$dir/rabbitmq.conf" <<CONF
default_user = administrador
default_pass = $(secret "$dir/senha.administrador")
listeners.tcp.1 = 127.0.0.1:$(<"$dir/porta")
management.tcp.ip = 127.0.0.1
management.tcp.port = $(<"$dir/porta.management")
log.console = true
log.console.level = info
log.file = false
# A development machine: stop publishers before the disk is full, and keep the quorum queues' log small (512 MiB else).
disk_free_limit.absolute = 500MB
vm_memory_high_watermark.relative = 0.4
raft.wal_max_size_bytes = 64000000
CONF
}

# rabbitmq_start DIR [LOG]: starts the node, or leaves it if it runs, and returns when it serves and holds what
# config/rabbitmq defines.
rabbitmq_start() {
    local dir=$1 log=${2:-$1/log} attempt
    [[ -x $RABBITMQ_RAIZ$RABBITMQ_BIN/rabbitmq-server ]] || fail "rabbitmq-server is not installed"
    mkdir -p "$dir"
    chmod 700 "$dir"
    dir=$(cd -P "$dir" && pwd)
    for attempt in 1 2 3; do
        rabbitmq_epmd "$dir" "$log"
        if ! process_runs "$dir/pid"; then
            port_remembered "$dir/porta" >/dev/null
            port_remembered "$dir/porta.management" >/dev/null
            port_remembered "$dir/porta.dist" >/dev/null
            rabbitmq_configure "$dir"
            rabbitmq_settings "$dir"
            process_start "$dir/pid" "$log" "${RABBITMQ_WITH[@]}" "$RABBITMQ_BIN/rabbitmq-server"
        fi
        if rabbitmq_wait "$dir"; then
            rabbitmq_administrator "$dir" "$log"
            rabbitmq_define "$dir" "$log"
            return 0
        fi
        ((attempt == 3)) || sleep 1
    done
    show_log "$log"
    fail "RabbitMQ did not start"
}

# A node finds itself and rabbitmqctl finds the node through epmd. A private one, not the machine's on port 4369, which
# other Erlang programs share and which listens everywhere. A node registers again by itself when its epmd comes back.
# Where a node or rabbitmqctl misses its epmd it starts one itself, which no pid file knows: that one makes room for ours.
rabbitmq_epmd() {
    local dir=$1 log=$2 tries
    process_runs "$dir/epmd.pid" && return 0
    rabbitmq_stop_strays "$dir"
    # A node that runs knows its epmd's port and cannot be told another.
    if ! process_runs "$dir/pid"; then port_remembered "$dir/porta.epmd" >/dev/null; fi
    process_start "$dir/epmd.pid" "$log" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$dir" \
        epmd -port "$(<"$dir/porta.epmd")" -address 127.0.0.1
    for ((tries = 0; tries < 100; tries++)); do
        process_runs "$dir/epmd.pid" || break
        if port_taken "$(<"$dir/porta.epmd")"; then return 0; fi
        sleep 0.05
    done
    show_log "$log"
    fail "epmd did not start on port $(<"$dir/porta.epmd")"
}

# Ends every epmd that belongs to this node, as its environment says.
rabbitmq_stop_strays() {
    local dir=$1 process
    for process in /proc/[0-9]*; do
        [[ $(readlink "$process/exe") == */epmd ]] || continue
        if grep -qzxF "HOME=$dir" "$process/environ" 2>/dev/null; then kill "${process#/proc/}" 2>/dev/null || true; fi
    done
}

# rabbitmq_api DIR CURL_ARGUMENT…: asks the management API as administrator; the password is no argument, which every
# user of the machine could read.
rabbitmq_api() {
    local dir=$1
    shift
    curl --disable --config - --noproxy '*' --silent --show-error --max-time 30 "$@" \
        <<<"user = \"administrador:$(<"$dir/senha.administrador")\""
}

rabbitmq_version() {
    rabbitmq_api "$1" "http://127.0.0.1:$(<"$1/porta.management")/api/overview" |
        sed -n 's/.*"rabbitmq_version":"\([^"]*\)".*/\1/p'
}

# Recovery after a crash takes its time, so the limit is wide; the node's end is noticed at once.
rabbitmq_wait() {
    local dir=$1 deadline=$((SECONDS + 300)) management
    management=http://127.0.0.1:$(<"$dir/porta.management")
    while ((SECONDS < deadline)); do
        process_runs "$dir/pid" || return 1
        if port_taken "$(<"$dir/porta")" && [[ $(rabbitmq_api "$dir" --output /dev/null --write-out '%{http_code}' \
            "$management/api/overview" 2>/dev/null) == [24]* ]]; then
            return 0
        fi
        sleep 0.2
    done
    return 1
}

# The node makes its administrator at its first start and never again. If that start was killed in between, or the file with
# the password was lost since, nobody could administer it: rabbitmqctl asks for no password.
rabbitmq_administrator() {
    local dir=$1 log=$2
    [[ $(rabbitmq_api "$dir" --output /dev/null --write-out '%{http_code}' \
        "http://127.0.0.1:$(<"$dir/porta.management")/api/whoami") == 401 ]] || return 0
    {
        rabbitmq_ctl "$dir" add_user administrador <"$dir/senha.administrador" ||
            rabbitmq_ctl "$dir" change_password administrador <"$dir/senha.administrador"
        rabbitmq_ctl "$dir" set_user_tags administrador administrator
        rabbitmq_ctl "$dir" set_permissions --vhost / administrador '.*' '.*' '.*'
    } >>"$log" 2>&1 || fail "RabbitMQ has no administrator and could not be given one ($log)"
}

# rabbitmq_import OPTION…: config/rabbitmq/import for the systems in integradores.json, without the variables that would
# make it another broker's.
rabbitmq_import() {
    env -u RABBITMQ_MANAGEMENT -u RABBITMQ_SEGREDOS -u RABBITMQ_CA -u RABBITMQ_NODES -u RABBITMQ_WAIT \
        "$ROOT/config/rabbitmq/import" --integradores "$ROOT/config/rabbitmq/integradores.json" "$@"
}

# Exchanges, queues, policies, users and rights, from the files that every environment takes them from. What is there already
# is left alone, passwords included.
rabbitmq_define() {
    local dir=$1 log=$2 names user
    local -a users
    names=$(rabbitmq_import --users) || fail "config/rabbitmq cannot be read"
    mapfile -t users <<<"$names"
    for user in "${users[@]}"; do secret "$dir/senha.$user" >/dev/null; done
    rabbitmq_import --url "http://127.0.0.1:$(<"$dir/porta.management")" --segredos "$dir" >>"$log" ||
        fail "RabbitMQ could not be brought to what config/rabbitmq defines"
    rabbitmq_urls "$dir" administrador "${users[@]}"
}

# rabbitmq_urls DIR USER…
rabbitmq_urls() {
    local dir=$1 user
    shift
    for user; do
        printf 'amqp://%s:%s@127.0.0.1:%s/%%2F\n' "$user" "$(<"$dir/senha.$user")" "$(<"$dir/porta")" |
            write_private "$dir/url.$user"
    done
    write_private "$dir/url" <"$dir/url.administrador"
    printf 'http://administrador:%s@127.0.0.1:%s\n' "$(<"$dir/senha.administrador")" "$(<"$dir/porta.management")" |
        write_private "$dir/url.management"
}

# The Erlang machine stops in order on SIGTERM.
rabbitmq_stop() {
    local dir
    [[ -d $1 ]] || return 0
    dir=$(cd -P "$1" && pwd)
    processes_stop TERM 25 "$dir/pid"
    processes_stop TERM 5 "$dir/epmd.pid"
    rabbitmq_stop_strays "$dir"
}

# The node alone, as a crash would.
rabbitmq_kill() {
    process_kill "$1/pid"
    process_forget "$1/pid"
}

# rabbitmq_ctl DIR ARGUMENT…
rabbitmq_ctl() { rabbitmq_tool rabbitmqctl "$@"; }

# rabbitmq_tool PROGRAM DIR ARGUMENT…: one of RabbitMQ's own tools, about the node in this folder.
rabbitmq_tool() {
    local program=$1 dir
    dir=$(cd -P "$2" && pwd)
    shift 2
    # Without its epmd rabbitmqctl would start one that nobody stops.
    if ! process_runs "$dir/pid" || ! process_runs "$dir/epmd.pid"; then fail "no node runs in $dir"; fi
    rabbitmq_settings "$dir"
    "${RABBITMQ_WITH[@]}" "$RABBITMQ_BIN/$program" "$@"
}

# rabbitmq_metrics DIR LOG: has the node that runs tell its metrics (plugin rabbitmq_prometheus) on a loopback port of their
# own, porta.metricas. Done while it runs, so that a node without them is left as it is, and a node with them need not
# restart; persistent, because loading the plugin would else put its own address, which is every interface's, in its place.
rabbitmq_metrics() {
    local dir=$1 log=$2 port tries
    if rabbitmq_tells_metrics "$dir"; then return 0; fi
    port=$(port_remembered "$dir/porta.metricas")
    rabbitmq_ctl "$dir" eval "application:set_env(rabbitmq_prometheus, tcp_config, [{ip, \"127.0.0.1\"}, {port, $port}],
        [{persistent, true}])." >>"$log" 2>&1 || fail "RabbitMQ could not be told the port of its metrics ($(shown "$log"))"
    rabbitmq_tool rabbitmq-plugins "$dir" enable rabbitmq_prometheus >>"$log" 2>&1 ||
        fail "RabbitMQ's plugin rabbitmq_prometheus could not be enabled ($(shown "$log"))"
    for ((tries = 0; tries < 100; tries++)); do
        if rabbitmq_tells_metrics "$dir"; then return 0; fi
        sleep 0.1
    done
    fail "RabbitMQ tells no metrics on port $port ($(shown "$log"))"
}

rabbitmq_tells_metrics() {
    [[ -s $1/porta.metricas && $(curl --disable --noproxy '*' --silent --max-time 5 \
        "http://127.0.0.1:$(<"$1/porta.metricas")/metrics") == *$'\n'rabbitmq_build_info* ]]
}
