# shellcheck shell=bash
# System packages (Debian, Ubuntu), and Python packages of tests and checks. Nothing that is shipped needs the latter.

# Whether what a package brings is there, by whatever means it was installed. type -P finds programs only: command -v also finds
# functions of these scripts, such as podman.
package_present() {
    # shellcheck disable=SC2016 # ${Status} is dpkg-query's own
    if [[ $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) == 'install ok installed' ]]; then return 0; fi
    case $1 in
        librabbitmq-dev) pkg-config --exists librabbitmq 2>/dev/null ;;
        libpq-dev) pkg-config --exists libpq 2>/dev/null ;;
        libssl-dev) pkg-config --exists openssl 2>/dev/null ;;
        zlib1g-dev) pkg-config --exists zlib 2>/dev/null ;;
        python3-venv) PATH=/usr/bin:$PATH python3 -c 'import ensurepip, venv' 2>/dev/null ;;
        postgresql) postgres_bin >/dev/null ;;
        rabbitmq-server) [[ -x $RABBITMQ_BIN/rabbitmq-server ]] ;;
        chromium-driver) type -P chromedriver >/dev/null ;;
        tzdata) [[ -e /usr/share/zoneinfo/America/Sao_Paulo ]] ;;
        *) type -P "$1" >/dev/null ;;
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
    type -P apt-get >/dev/null || fail "missing: ${missing[*]} (Debian's names; there is no apt-get here to install them)"
    if ((EUID != 0)); then
        type -P sudo >/dev/null || fail "missing: ${missing[*]}. Neither root nor sudo is available: run apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    say "Installing system packages: ${missing[*]}"
    # shellcheck disable=SC2016 # for the inner shell
    "${as_root[@]}" bash -euo pipefail -c "$(declare -f apt_install)"'; apt_install "$@"' bash "${missing[@]}"
    for package in "${missing[@]}"; do
        package_present "$package" || fail "$package was installed, but what it should bring is not there"
    done
}

# Runs as root, in a shell of its own. The servers' packages would start system services, which the stack does not use:
# policy-rc.d (invoke-rc.d(8)) forbids it while this shell lives, so nothing stays forbidden if it is killed. An existing policy is
# kept.
apt_install() {
    local policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nkill -0 %d 2>/dev/null && exit 101\nexit 0\n' "$$" >"$policy"
        chmod 755 "$policy"
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    apt-get update
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# Chromium, which tests look at pages with. Returns 1 where the distribution has it as a snap alone (Ubuntu).
browser_install() {
    # shellcheck source=/dev/null
    [[ $(. /etc/os-release && printf '%s' "$ID") == debian ]] || package_present chromium-driver || return 1
    packages_install chromium chromium-driver
}

# What building and running need besides Swift.
packages_for_stack() {
    packages_install pkg-config librabbitmq-dev libpq-dev libssl-dev zlib1g-dev tzdata curl openssl \
        postgresql rabbitmq-server python3
    type -P swift >/dev/null || fail "no Swift toolchain in PATH (see https://www.swift.org/install)"
}

# debian_archive LABEL: the address of Debian's archive with that label, from apt, which reads every form of its sources.
debian_archive() {
    local address
    # shellcheck disable=SC2016 # $(REPO_URI) is apt's own
    read -r address < <(apt-get indextargets --format '$(REPO_URI)' \
        'Created-By: Packages' 'Origin: Debian' "Label: $1" 'Component: main' 2>/dev/null) || return 1
    printf '%s\n' "$address"
}

# python_environment FOLDER REQUIREMENTS: an environment in .local/FOLDER with exactly the packages of the file, made again when
# the file changes. By the system's Python, for which the versions are pinned, not by a newer one that precedes it in PATH.
python_environment() {
    local folder=$LOCAL/$1 requirements=$2 wanted
    packages_install python3 python3-venv
    wanted=$(PATH=/usr/bin:$PATH python3 --version && sha256sum <"$requirements")
    mkdir -p "${folder%/*}"
    exec 8>"$folder.lock"
    flock 8
    if [[ $(cat "$folder/wanted" 2>/dev/null) != "$wanted" ]]; then
        say "Installing the Python packages of $(shown "$requirements") (once)"
        rm -rf "$folder"
        PATH=/usr/bin:$PATH python3 -m venv "$folder"
        run_interruptibly "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
            --requirement "$requirements" || fail "the Python packages could not be installed"
        printf '%s\n' "$wanted" >"$folder/wanted"
    fi
    exec 8>&-
}
