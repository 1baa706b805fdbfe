# shellcheck shell=bash
# What all scripts of deploy/ share. Reads the other parts of this folder, which define functions only.
# shellcheck disable=SC2034 # used by the scripts that read this one

# The clone's folder without symbolic links, as /proc shows paths, and everything that a local stack leaves on disk.
ROOT=$(cd -P "${BASH_SOURCE[0]%/*}/../../.." && pwd)
LOCAL=$ROOT/.local
LIB=$ROOT/deploy/local/lib
# The folder of this run, where it has one (run_folder).
DIR=

say() { printf '==> %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Prints the first comment of the script that runs: its --help.
usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

unknown_argument() { usage >&2 && fail "unknown argument: $1"; }

not() { ! "$@"; }

# eventually SECONDS COMMAND…: repeats a command until it succeeds; fails after SECONDS.
eventually() {
    local deadline=$((SECONDS + $1))
    until "${@:2}"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

# at_exit FUNCTION: calls it with the script's status when the script ends, by itself or by a signal. Further signals are
# ignored meanwhile.
at_exit() {
    AT_EXIT=$1
    trap at_exit_run EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

at_exit_run() {
    local status=$?
    trap - EXIT
    trap '' INT TERM HUP
    interrupt_running
    "$AT_EXIT" "$status"
    exit "$status"
}

# Locks out other calls of up and down in this clone while this process lives. The lock is not below .local, which --purge deletes.
lock_stack() {
    exec 9<"$ROOT/deploy/local"
    if ! flock --nonblock 9; then
        say "Another up or down is running in this clone; waiting for it" >&2
        flock 9
    fi
}

# Makes .local. It belongs to one user: files of two (an up by sudo, for instance) would fail for both.
local_folder() {
    mkdir -p "$LOCAL"
    [[ -O $LOCAL && -w $LOCAL ]] ||
        fail "$LOCAL belongs to $(stat -c %U "$LOCAL"): continue as that user, or delete it (deploy/local/down --purge)"
}

# run_folder NAME: sets DIR to a new folder .local/NAME.* of this process. Folders of killed runs are cleaned up first.
run_folder() {
    local left
    local_folder
    for left in "$LOCAL/$1".*/owner; do
        if [[ -e $left ]] && ! process_runs "$left"; then run_folder_clean_up "${left%/owner}"; fi
    done
    DIR=$(mktemp -d "$LOCAL/$1.XXXXXX")
    process_record "$DIR/owner" $$
    # PostgreSQL's user passes through.
    chmod 711 "$DIR"
}

# Stops what runs in a run's folder and deletes it.
run_folder_clean_up() {
    (stack_in "$1" && stack_stop >/dev/null)
    servers_clean_up "$1"
}

# servers_clean_up FOLDER: stops every server below a folder, those that tests left running included, and deletes the folder.
servers_clean_up() {
    local dir
    while IFS= read -r -d '' dir; do
        if [[ -e $dir/porta.epmd ]]; then rabbitmq_stop "$dir"; else postgres_stop "$dir"; fi
    done < <(find "$1" -name data -prune -o -name mnesia -prune -o -name porta -type f -printf '%h\0')
    rm -rf "$1"
}

# fail_with LOG TEXT: prints the last lines of a log, and fails.
show_log() { [[ ! -s $1 ]] || printf -- '--- last lines of %s\n%s\n---\n' "$1" "$(tail -n 20 "$1")" >&2; }
fail_with() { show_log "$1" && fail "$2"; }

# A path relative to the clone's folder, for messages.
shown() { printf '%s\n' "${1#"$ROOT/"}"; }

# Writes standard input to a file that only its owner reads and that is never seen half written.
write_private() {
    (
        umask 077
        cat >"$1.new"
        mv -f "$1.new" "$1"
    )
}

# secret FILE: prints the secret in FILE. Makes it (48 hexadecimal digits, 192 bits) if there is none.
secret() {
    if [[ ! -s $1 ]]; then openssl rand -hex 24 | write_private "$1"; fi
    cat "$1"
}

# curl for loopback addresses, without the caller's proxy and .curlrc.
http() { curl --disable --noproxy '*' --silent --show-error "$@"; }

for part in processes packages build ports postgres rabbitmq rabbitmq4 instances prometheus stack; do
    # shellcheck source=/dev/null
    source "$LIB/$part.sh"
done
