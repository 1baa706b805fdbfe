# shellcheck shell=bash
# A private PostgreSQL server in a folder of its own. It leaves there: data/, log, pid, porta, senha (the superuser's
# password) and url (the superuser's, database postgres). It listens on 127.0.0.1 only, with passwords (SCRAM), and on
# no Unix socket: a socket's path may have 107 bytes at most, a clone's may be longer.

# The folder of the newest installation (15 or newer), or of the version given: a data folder opens with its own only.
postgres_bin() {
    local version=${1:-} bin
    if [[ -n $version ]]; then
        bin=/usr/lib/postgresql/$version/bin
    else
        bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
        version=${bin%/bin}
        version=${version##*/}
        [[ $version =~ ^[0-9]+$ ]] && ((version >= 15)) || return 1
    fi
    [[ -x $bin/postgres && -x $bin/initdb && -x $bin/psql ]] || return 1
    printf '%s\n' "$bin"
}

# Sets POSTGRES_AS to the words before a command that run it as a user whom PostgreSQL accepts (never root) and who can
# enter the folder given. Below a home that only root can enter, the user postgres needs the right to pass (the narrower
# capability first; containers often have only the wider one); the last way is root under another number in a user
# namespace.
postgres_user() {
    local dir=$1 capability
    POSTGRES_AS=()
    ((EUID == 0)) || return 0
    local -a plain=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    for capability in '' dac_read_search dac_override; do
        POSTGRES_AS=("${plain[@]}")
        [[ -z $capability ]] || POSTGRES_AS+=("--inh-caps=+$capability" "--ambient-caps=+$capability")
        postgres_can_enter "$dir" && return 0
    done
    POSTGRES_AS=(unshare --user --map-user=1000 --map-group=1000)
    postgres_can_enter "$dir" && return 0
    fail "PostgreSQL does not run as root, and the user postgres cannot enter $dir"
}

# Not test -x: access(2) leaves capabilities out of account.
postgres_can_enter() { "${POSTGRES_AS[@]}" stat "$1/." >/dev/null 2>&1; }

# Gives files to the user of postgres_user, where it is another.
postgres_own() {
    local file owner=root
    ((EUID == 0)) || return 0
    [[ ${POSTGRES_AS[0]} != setpriv ]] || owner=postgres
    for file; do
        if [[ $(stat -c %U "$file") != "$owner" ]]; then chown -R "$owner:$owner" "$file"; fi
    done
}

# postgres_start DIR [LOG]: starts the server, or leaves it if it runs, and returns when it takes connections.
postgres_start() {
    local dir=$1 log=${2:-$1/log} version bin attempt port
    mkdir -p "$dir"
    dir=$(cd -P "$dir" && pwd)
    postgres_user "$dir"
    if process_runs "$dir/pid"; then
        postgres_wait "$dir" && return 0
    fi
    if [[ -e $dir/data ]]; then
        version=$(<"$dir/data/PG_VERSION")
        bin=$(postgres_bin "$version") || fail "$dir/data needs PostgreSQL $version, which is not installed"
        postgres_own "$dir/data"
    else
        bin=$(postgres_bin) || fail "PostgreSQL 15 or newer is not installed"
        postgres_create "$dir" "$bin" "$log"
    fi
    for attempt in 1 2 3; do
        postgres_clear "$dir"
        port=$(port_remembered "$dir/porta")
        process_start "$dir/pid" "$log" "${POSTGRES_AS[@]}" "$bin/postgres" -D "$dir/data" \
            -c listen_addresses=127.0.0.1 -c port="$port" -c unix_socket_directories= \
            -c max_connections=400 -c shared_buffers=128MB -c fsync=on -c synchronous_commit=on \
            -c log_destination=stderr -c logging_collector=off -c log_min_messages=warning -c log_line_prefix='%m [%p] %u@%d '
        if postgres_wait "$dir"; then
            printf 'postgresql://postgres:%s@127.0.0.1:%s/postgres\n' "$(<"$dir/senha")" "$port" |
                write_private "$dir/url"
            return 0
        fi
        ((attempt == 3)) || sleep 1
    done
    show_log "$log"
    fail "PostgreSQL did not start"
}

# A data folder is made beside its place and moved there when it is whole, so that a start that was killed leaves no half;
# under a name of its own each time, because the killed start's initdb may still be writing.
postgres_create() {
    local dir=$1 bin=$2 log=$3 new
    rm -rf "$dir"/new.*
    new=$(mktemp -d "$dir/new.XXXXXX")
    mkdir -m 700 "$new/data"
    chmod 711 "$new"
    secret "$dir/senha" | write_private "$new/senha"
    postgres_own "$new/data" "$new/senha"
    if ! "${POSTGRES_AS[@]}" "$bin/initdb" -D "$new/data" --username=postgres --pwfile="$new/senha" \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --data-checksums --no-instructions \
        </dev/null >>"$log" 2>&1 9<&-; then
        show_log "$log"
        fail "initdb failed"
    fi
    mv "$new/data" "$dir/data"
    rm -rf "$new"
}

# Ends what a killed server left: its children notice its death and go, but until the last is gone no other server may
# touch the data. Only when nobody uses the folder is its pid file stale, whatever process has that pid now.
postgres_clear() {
    local data=$1/data tries
    for ((tries = 0; tries < 150; tries++)); do
        postgres_users "$data" || break
        # A single user process that does not go by itself (it was stopped, for instance) is ended after 10 s.
        ((tries < 100)) || kill -s KILL "${POSTGRES_USERS[@]}" 2>/dev/null || true
        sleep 0.1
    done
    if postgres_users "$data"; then fail "processes ${POSTGRES_USERS[*]} still use $data"; fi
    rm -f "$data/postmaster.pid"
}

# Sets POSTGRES_USERS to the PostgreSQL processes in a data folder (each works in it); fails if there are none.
postgres_users() {
    local data=$1 process program
    POSTGRES_USERS=()
    for process in /proc/[0-9]*; do
        [[ $process/cwd -ef $data ]] || continue
        program=$(readlink "$process/exe") || continue
        [[ $program == */postgres || $program == *'/postgres (deleted)' ]] && POSTGRES_USERS+=("${process#/proc/}")
    done
    ((${#POSTGRES_USERS[@]}))
}

# Waits until the server says in its pid file (line 8, as pg_ctl reads it) that it is ready. Recovery after a crash takes
# its time; the server's end is noticed at once.
postgres_wait() {
    local dir=$1 pid deadline=$((SECONDS + 300))
    local -a lines
    while ((SECONDS < deadline)); do
        pid=$(process_of "$dir/pid") || return 1
        lines=()
        { mapfile -t lines <"$dir/data/postmaster.pid"; } 2>/dev/null || true
        [[ ${lines[0]:-} == "$pid" && ${lines[7]:-} == ready* ]] && return 0
        sleep 0.05
    done
    return 1
}

# A fast shutdown (SIGINT): sessions are ended, nothing that was committed is lost.
postgres_stop() { processes_stop INT 25 "$1/pid"; }

postgres_kill() {
    process_kill "$1/pid"
    process_forget "$1/pid"
}

# postgres_databases DIR SECRETS: both services' databases and their roles, as config/postgres has them for every
# environment; passwords are the files senha.<role> in SECRETS, made if there are none.
postgres_databases() {
    local dir=$1 secrets=$2 bin service role
    for service in lancamentos consolidado; do
        for role in "${service}_migrador" "$service" "${service}_leitura"; do secret "$secrets/senha.$role" >/dev/null; done
    done
    bin=$(postgres_bin "$(<"$dir/data/PG_VERSION")")
    env -u PGSERVICE -u PGOPTIONS -u PGHOSTADDR -u POSTGRES_DIREITOS PATH="$bin:$PATH" PGHOST=127.0.0.1 \
        PGPORT="$(<"$dir/porta")" PGPASSWORD="$(<"$dir/senha")" PGSSLMODE=disable POSTGRES_USER=postgres \
        POSTGRES_SEGREDOS="$secrets" bash "$ROOT/config/postgres/inicializar.sh"
}

# postgres_url DIR SECRETS ROLE: where a role (the service, <service>_migrador, <service>_leitura) finds its database.
postgres_url() {
    printf 'postgresql://%s:%s@127.0.0.1:%s/%s\n' "$3" "$(<"$2/senha.$3")" "$(<"$1/porta")" "${3%%_*}"
}
