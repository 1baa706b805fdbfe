# shellcheck shell=bash
# What every script here shares: where things are, how to speak, and the one lock.
# shellcheck disable=SC2034 # used by the scripts that read this one

# The folder of the clone, without symbolic links: /proc shows paths in this form.
ROOT=$(cd -P "${BASH_SOURCE[0]%/*}/../../.." && pwd)
# Everything that a local stack leaves on disk.
LOCAL=$ROOT/.local
LIB=$ROOT/deploy/local/lib

say() { printf '==> %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Takes the lock that up and down share, so that two of them never work at the same time. It is a lock on a folder of
# the clone and not on a file below .local, which --purge deletes. It ends with the process, whatever kills it.
lock_stack() {
    exec 9<"$ROOT/deploy/local"
    if ! flock --nonblock 9; then
        say "Another up or down is at work in this clone; waiting for it" >&2
        flock 9
    fi
}

unlock_stack() { exec 9<&-; }

# Makes .local. One clone's stack belongs to one user: files of two (an up by sudo, for instance) would hinder both.
local_folder() {
    mkdir -p "$LOCAL"
    [[ -O $LOCAL && -w $LOCAL ]] ||
        fail "$LOCAL belongs to $(stat -c %U "$LOCAL"): go on as that user, or delete it (deploy/local/down --purge)"
}

# The last lines of a log, for the person who has to find out why something did not start.
show_log() {
    [[ -s $1 ]] || return 0
    printf -- '--- last lines of %s\n' "$1" >&2
    tail -n 20 "$1" >&2
    printf -- '---\n' >&2
}

# Writes standard input to a file that appears whole or not at all, readable by its owner only.
write_private() {
    (
        umask 077
        cat >"$1.new"
        mv -f "$1.new" "$1"
    )
}
