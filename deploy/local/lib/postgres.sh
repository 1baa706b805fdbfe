# shellcheck shell=bash
# A private PostgreSQL server in a folder of its own. The folder then holds data/, log, pid, porta, senha (the superuser's
# password) and url (the superuser's, database postgres). The server listens on 127.0.0.1 only, with passwords (SCRAM), and on
# no Unix socket: a socket's path has at most 107 bytes, a clone's may be longer.

# The programs of the newest installation (15 or newer), or of the version given: a data folder opens only with its own.
postgres_bin() {
    local version=${1:-} bin
    if [[ -z $version ]]; then
        version=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -name '[1-9]*' -printf '%f\n' 2>/dev/null | sort -n | tail -n 1)
        ((version >= 15)) || return 1
    fi
    bin=/usr/lib/postgresql/$version/bin
    [[ -x $bin/pg_ctl && -x $bin/initdb && -x $bin/psql ]] || return 1
    printf '%s\n' "$bin"
}

# Sets POSTGRES_AS to the words before a command that run it as a user that PostgreSQL accepts (never root) and that can enter
# the folder given. Below a home that only root can enter, the user postgres needs a capability (the narrower one first;
# containers often have only the wider one). The last choice is root under another number in a user namespace.
postgres_user() {
    local words capability plain='setpriv --reuid=postgres --regid=postgres --clear-groups'
    POSTGRES_AS=()
    ((EUID == 0)) || return 0
    for capability in '' dac_read_search dac_override namespace; do
        words="$plain ${capability:+--inh-caps=+$capability --ambient-caps=+$capability}"
        [[ $capability != namespace ]] || words='unshare --user --map-user=1000 --map-group=1000'
        read -ra POSTGRES_AS <<<"$words"
        # Not test -x: access(2) ignores capabilities.
        if "${POSTGRES_AS[@]}" stat "$1/." >/dev/null 2>&1; then return 0; fi
    done
    fail "PostgreSQL does not run as root, and the user postgres cannot enter $1"
}

# Gives a folder to the user of postgres_user.
postgres_own() {
    local owner=root
    ((EUID == 0)) || return 0
    [[ ${POSTGRES_AS[0]} != setpriv ]] || owner=postgres
    if [[ $(stat -c %U "$1") != "$owner" ]]; then chown -R "$owner:$owner" "$1"; fi
}

# postgres_start DIR [LOG]: starts the server unless it runs, and returns when it accepts connections.
postgres_start() {
    local dir=$1 log=${2:-$1/log} bin
    mkdir -p "$dir"
    dir=$(cd -P "$dir" && pwd)
    if process_runs "$dir/pid"; then return 0; fi
    postgres_user "$dir"
    if [[ -e $dir/data ]]; then
        bin=$(postgres_bin "$(<"$dir/data/PG_VERSION")") ||
            fail "$dir/data needs PostgreSQL $(<"$dir/data/PG_VERSION"), which is not installed"
        postgres_own "$dir/data"
    else
        bin=$(postgres_bin) || fail "PostgreSQL 15 or newer is not installed"
        postgres_create "$dir" "$bin" "$log"
    fi
    trim_log "$log"
    # The second attempt has another port if a program took the first one meanwhile.
    postgres_run "$dir" "$bin" "$log" || postgres_run "$dir" "$bin" "$log" ||
        fail_with "$log" "PostgreSQL did not start"
    process_record "$dir/pid" "$(head -n 1 "$dir/data/postmaster.pid")"
    printf 'postgresql://postgres:%s@127.0.0.1:%s/postgres\n' "$(<"$dir/senha")" "$(<"$dir/porta")" | write_private "$dir/url"
}

# Recovery after a crash may need minutes.
postgres_run() {
    local dir=$1 bin=$2 log=$3 port
    postgres_clear "$dir"
    port=$(port_remembered "$dir/porta")
    local -a settings=(listen_addresses=127.0.0.1 "port=$port" unix_socket_directories= max_connections=400 shared_buffers=128MB
        fsync=on synchronous_commit=on log_destination=stderr logging_collector=off log_min_messages=warning
        "log_line_prefix='%m [%p] %u@%d '")
    # pg_ctl passes paths and options through a shell; a relative path needs no quoting.
    "${POSTGRES_AS[@]}" env --chdir="$dir" "$bin/pg_ctl" start --silent --wait --timeout=300 --pgdata=data \
        --options="$(printf ' -c %s' "${settings[@]}")" </dev/null >>"$log" 2>&1 9<&-
}

# The data folder gets its name when it is complete, so that a start that is killed leaves no half of it. Each attempt has a
# folder of its own: initdb of a killed start may still be writing.
postgres_create() {
    local dir=$1 bin=$2 log=$3 new
    rm -rf "$dir"/new.*
    new=$(mktemp -d "$dir/new.XXXXXX")
    secret "$dir/senha" | write_private "$new/senha"
    postgres_own "$new"
    "${POSTGRES_AS[@]}" "$bin/initdb" -D "$new/data" --username=postgres --pwfile="$new/senha" \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --data-checksums --no-instructions \
        </dev/null >>"$log" 2>&1 9<&- || fail_with "$log" "initdb failed"
    mv "$new/data" "$dir/data"
    rm -rf "$new"
}

# Kills what a killed server or a killed start left in the data folder, and then deletes the pid file, whose number may belong
# to another program by now. PostgreSQL recovers at its next start.
postgres_clear() {
    if [[ ! -d $1/data ]]; then return 0; fi
    eventually 15 postgres_unused "$1/data" || fail "PostgreSQL still uses $1/data"
    rm -f "$1/data/postmaster.pid"
}

# Whether no PostgreSQL process works in a data folder; kills those that do.
postgres_unused() {
    local process unused=yes
    for process in /proc/[0-9]*; do
        if [[ $process/cwd -ef $1 && $(readlink "$process/exe") == */postgres?(' (deleted)') ]]; then
            kill -s KILL "${process#/proc/}" 2>/dev/null || true
            unused=no
        fi
    done
    [[ $unused == yes ]]
}

# A fast shutdown (SIGINT) ends sessions and loses nothing that was committed. pg_ctl stop would signal whatever process has
# the number in postmaster.pid.
postgres_stop() {
    processes_stop INT 25 "$1/pid"
    postgres_clear "$1"
}

postgres_kill() { process_kill "$1/pid"; }

# postgres_databases DIR SECRETS: both services' databases and roles, made by config/postgres. Passwords are the files
# senha.<role> in SECRETS, made if there are none.
postgres_databases() {
    local dir=$1 secrets=$2 role bin
    for role in {lancamentos,consolidado}{_migrador,,_leitura}; do secret "$secrets/senha.$role" >/dev/null; done
    bin=$(postgres_bin "$(<"$dir/data/PG_VERSION")")
    env -u PGSERVICE -u PGOPTIONS -u PGHOSTADDR -u POSTGRES_DIREITOS PATH="$bin:$PATH" PGHOST=127.0.0.1 \
        PGPORT="$(<"$dir/porta")" PGPASSWORD="$(<"$dir/senha")" PGSSLMODE=disable POSTGRES_USER=postgres \
        POSTGRES_SEGREDOS="$secrets" bash "$ROOT/config/postgres/inicializar.sh"
}

# postgres_url DIR SECRETS ROLE: the database URL of a role (the service, <service>_migrador, <service>_leitura).
postgres_url() {
    printf 'postgresql://%s:%s@127.0.0.1:%s/%s\n' "$3" "$(<"$2/senha.$3")" "$(<"$1/porta")" "${3%%_*}"
}
