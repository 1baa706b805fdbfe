# shellcheck shell=bash
# RabbitMQ 4 for tests, where the machine's own is older: a root file system with Debian trixie's, below .local. Only RabbitMQ's
# node and tools run there (RABBITMQ_RAIZ in rabbitmq.sh).

RABBITMQ4=$LOCAL/rabbitmq4

# Makes the root file system unless it exists, and protects it from --purge while this process or a child lives. The lock is on a
# file of the clone, as lock_stack's; making and deleting need it exclusively. Converting it releases it first, hence the loop.
rabbitmq4_root() {
    rabbitmq_namespace
    "${RABBITMQ_NAMESPACE[@]}" true 2>/dev/null ||
        fail "RabbitMQ 4 runs in a mount namespace, which this machine does not allow (in a container: CAP_SYS_ADMIN)"
    exec 7<"$LIB/rabbitmq4.sh"
    flock --nonblock --shared 7 || say "Another run is making the root file system with RabbitMQ 4; waiting for it"
    until flock --shared 7 && [[ -d $RABBITMQ4 ]]; do
        flock --exclusive 7
        [[ -d $RABBITMQ4 ]] || rabbitmq4_make
    done
}

# The folder gets its name when it is complete.
rabbitmq4_make() {
    local new=$RABBITMQ4.new log=$RABBITMQ4.log source
    local -a as_root=()
    packages_install mmdebstrap debian-archive-keyring
    ((EUID == 0)) || as_root=(sudo)
    if ! source=$(debian_archive Debian); then
        # Without apt's lists apt does not know the origin of its sources.
        "${as_root[@]}" apt-get update
        source=$(debian_archive Debian) || fail "RabbitMQ 4 comes from Debian, and no apt source of this machine is Debian's"
    fi
    say "Making a root file system with RabbitMQ 4 (once, some minutes; ${log##*/})"
    "${as_root[@]}" rm -rf --one-file-system "$new"
    "${as_root[@]}" mmdebstrap --mode=root --variant=minbase --include=rabbitmq-server \
        --keyring=/usr/share/keyrings/debian-archive-keyring.gpg trixie "$new" "$source" </dev/null >"$log" 2>&1 || fail_with "$log" "the root file system with RabbitMQ 4 was not made"
    # Its user enters and deletes it without sudo.
    ((EUID == 0)) || "${as_root[@]}" chown -R --no-dereference "$(id -u):$(id -g)" "$new"
    mv -T "$new" "$RABBITMQ4"
}

# Deletes it unless a run uses it; fails then. Nodes that run there have mounts of their own.
rabbitmq4_purge() {
    (
        exec 7<"$LIB/rabbitmq4.sh"
        flock --nonblock 7 || exit 1
        rm -rf --one-file-system "$RABBITMQ4" "$RABBITMQ4.new" "$RABBITMQ4.log"
    )
}
