# shellcheck shell=bash
# RabbitMQ 4 for tests, where the machine's own is older: a root file system with Debian trixie's, below .local. Nothing
# of it runs but RabbitMQ's node and tools (RABBITMQ_RAIZ in rabbitmq.sh).

RABBITMQ4=$LOCAL/rabbitmq4

# Sets RABBITMQ4_AS_ROOT to the words before a command that run it as root.
rabbitmq4_as_root() {
    RABBITMQ4_AS_ROOT=()
    ((EUID != 0)) || return 0
    command -v sudo >/dev/null || fail "RabbitMQ 4 is installed by root or with sudo; neither is at hand"
    RABBITMQ4_AS_ROOT=(sudo)
}

# Makes the root file system unless it is there, and keeps it from being deleted as long as this process, or one that it
# started, lives. The lock is on a file of the clone, as lock_stack's: whoever makes or deletes has it alone.
rabbitmq4_root() {
    rabbitmq_namespace
    "${RABBITMQ_NAMESPACE[@]}" true 2>/dev/null ||
        fail "RabbitMQ 4 runs in a mount namespace, which this machine does not allow (in a container: CAP_SYS_ADMIN)"
    exec 7<"$LIB/rabbitmq4.sh"
    if ! flock --nonblock --shared 7; then
        say "Another run is making the root file system with RabbitMQ 4; waiting for it"
        flock --shared 7
    fi
    # Changing a lock lets it go first, so whoever comes in between is asked about each time.
    while [[ ! -d $RABBITMQ4 ]]; do
        if flock --nonblock 7 && [[ ! -d $RABBITMQ4 ]]; then rabbitmq4_make; fi
        sleep 0.1
        flock --shared 7
    done
}

# It appears under its name when it is complete. What is mounted meanwhile is seen by the inner script alone and ends with
# it; what deletes and changes owners stands outside, so that it reaches nothing through a mount.
rabbitmq4_make() {
    local new=$RABBITMQ4.new log=$RABBITMQ4.log source
    rabbitmq4_as_root
    packages_install debootstrap debian-archive-keyring
    if ! source=$(rabbitmq4_source); then
        # Where apt's lists were thrown away, apt cannot tell whose source is whose.
        "${RABBITMQ4_AS_ROOT[@]}" apt-get update
        source=$(rabbitmq4_source) || fail "RabbitMQ 4 comes from Debian, and no apt source of this machine is Debian's"
    fi
    say "Making a root file system with RabbitMQ 4 (once, one to three minutes; .local/${log##*/})"
    "${RABBITMQ4_AS_ROOT[@]}" rm -rf --one-file-system "$new"
    : >"$log"
    if ! "${RABBITMQ4_AS_ROOT[@]}" unshare --mount bash -euo pipefail -s -- "$new" "$source" "$log" \
        <"$LIB/rabbitmq4-make.sh"; then
        "${RABBITMQ4_AS_ROOT[@]}" rm -rf --one-file-system "$new"
        show_log "$log"
        fail "the root file system with RabbitMQ 4 could not be made"
    fi
    # So that its user enters and deletes it without sudo.
    ((EUID == 0)) || "${RABBITMQ4_AS_ROOT[@]}" chown -R --no-dereference "$(id -u):$(id -g)" "$new"
    mv -T "$new" "$RABBITMQ4"
}

# The address of Debian's archive. apt itself says it, whatever form its sources are written in.
rabbitmq4_source() {
    local address
    # shellcheck disable=SC2016 # $(REPO_URI) is apt's own
    read -r address < <(apt-get indextargets --format '$(REPO_URI)' \
        'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' 2>/dev/null) || return 1
    printf '%s\n' "$address"
}

# Deletes it unless somebody uses it, and says whether. The mounts of nodes that run there are in namespaces of their own.
rabbitmq4_purge() {
    (
        exec 7<"$LIB/rabbitmq4.sh"
        flock --nonblock 7 || exit 1
        rm -rf --one-file-system "$RABBITMQ4" "$RABBITMQ4.new" "$RABBITMQ4.log"
    )
}
