# shellcheck shell=bash
# Run as root, in a mount namespace of its own, with the folder to fill, the address of Debian's archive and a log.

make_root() {
    local folder=$1 source=$2

    printf '    the base system of Debian trixie (debootstrap)\n' >&3
    debootstrap --variant=minbase --force-check-gpg trixie "$folder" "$source"

    # The installation starts nothing (invoke-rc.d(8)).
    printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
    chmod 755 "$folder/usr/sbin/policy-rc.d"
    printf '    rabbitmq-server and what it needs\n' >&3
    mount --rbind /proc "$folder/proc"
    mount --rbind /dev "$folder/dev"
    # The lists are those that debootstrap has just read.
    chroot "$folder" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends rabbitmq-server
    chroot "$folder" apt-get clean
    chroot "$folder" test -x /usr/lib/rabbitmq/bin/rabbitmq-server
    # shellcheck disable=SC2016 # ${Version} is dpkg-query's own
    printf '    version %s\n' "$(chroot "$folder" dpkg-query -W -f '${Version}' rabbitmq-server)" >&3
}

# Standard input is this script, which nothing there must read.
make_root "$1" "$2" </dev/null 3>&1 >>"$3" 2>&1
