# shellcheck shell=bash
# System packages (Debian, Ubuntu).

# Whether what a package brings is there, whoever installed it.
package_present() {
    # shellcheck disable=SC2016 # ${Status} is dpkg-query's own
    [[ $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) == 'install ok installed' ]] && return 0
    case $1 in
        librabbitmq-dev) pkg-config --exists librabbitmq 2>/dev/null ;;
        libpq-dev) pkg-config --exists libpq 2>/dev/null ;;
        libssl-dev) pkg-config --exists openssl 2>/dev/null ;;
        zlib1g-dev) pkg-config --exists zlib 2>/dev/null ;;
        python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
        postgresql) postgres_bin >/dev/null ;;
        rabbitmq-server) [[ -x $RABBITMQ_BIN/rabbitmq-server ]] ;;
        tzdata) [[ -e /usr/share/zoneinfo/America/Sao_Paulo ]] ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

# packages_install NAME…: installs what is missing.
packages_install() {
    local package
    local -a missing=() as_root=()
    for package; do
        package_present "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    if ! command -v apt-get >/dev/null; then
        fail "missing: ${missing[*]} (Debian's names; there is no apt-get here, so please install them yourself)"
    fi
    if ((EUID != 0)); then
        command -v sudo >/dev/null ||
            fail "missing: ${missing[*]}. Neither root nor sudo is at hand: ask for apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    say "Installing system packages: ${missing[*]}"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive bash -euo pipefail -s -- "${missing[@]}" <"$LIB/apt-install.sh"
    for package in "${missing[@]}"; do
        package_present "$package" || fail "$package was installed, but what it should bring is not there"
    done
}

# What building and running need. Swift itself is expected to be there.
packages_for_stack() {
    packages_install pkg-config librabbitmq-dev libpq-dev libssl-dev zlib1g-dev tzdata curl openssl \
        postgresql rabbitmq-server python3
    command -v swift >/dev/null || fail "no Swift toolchain in PATH (see https://www.swift.org/install)"
}
