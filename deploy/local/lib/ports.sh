# shellcheck shell=bash
# TCP ports on loopback.

# Whether a program listens on this port on 127.0.0.1 or on all addresses. Reads /proc, because a connection attempt can hang.
# Addresses there are hexadecimal in the machine's byte order; state 0A is LISTEN.
port_taken() {
    local port
    printf -v port '%04X' "$1"
    grep -qsE "^ *[0-9]+: (0100007F|00000000|0{32}|0{16}FFFF00000100007F):$port [0-9A-F:]+ 0A " \
        /proc/net/tcp /proc/net/tcp6
}

# A free port below the range from which the kernel assigns ports to outgoing connections (32768 and up).
port_choose() {
    local port
    for port in $(shuf --input-range=20000-29999 --head-count=200); do
        port_taken "$port" || { printf '%s\n' "$port" && return 0; }
    done
    fail "no free port between 20000 and 29999"
}

# The port in FILE, chosen at the first call and kept. If another program holds it for 5 s (a server of ours that was just
# killed may need some time to release it), another port replaces it.
port_remembered() {
    if [[ -s $1 ]] && eventually 5 not port_taken "$(<"$1")"; then cat "$1"; else port_choose | tee "$1"; fi
}

# port_of VARIABLE DEFAULT: the port that the environment asks for.
port_of() {
    local value=${!1:-$2}
    if [[ ! $value =~ ^[1-9][0-9]{0,4}$ ]] || ((value > 65535)); then
        fail "$1=$value: a port from 1 to 65535 is expected"
    fi
    printf '%s\n' "$value"
}
