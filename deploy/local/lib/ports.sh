# shellcheck shell=bash
# TCP ports on loopback.

# Whether something listens on this port on 127.0.0.1 or on all addresses. Read from /proc, because a connection attempt
# can hang. Addresses there are hexadecimal in the machine's byte order; state 0A is LISTEN.
port_taken() {
    local port
    printf -v port '%04X' "$1"
    grep -qsE "^ *[0-9]+: (0100007F|00000000|0{32}|0{16}FFFF00000100007F):$port [0-9A-F:]+ 0A " \
        /proc/net/tcp /proc/net/tcp6
}

# A free port below the range from which the kernel takes ports for outgoing connections (32768 and up).
port_choose() {
    local port tries
    for ((tries = 0; tries < 200; tries++)); do
        port=$((20000 + RANDOM % 10000))
        if ! port_taken "$port"; then
            printf '%s\n' "$port"
            return 0
        fi
    done
    fail "no free port between 20000 and 29999"
}

# The port in FILE, chosen at the first call and kept. If somebody else has it (a server of ours that was just killed
# gets 5 s to let go), another is chosen and remembered.
port_remembered() {
    local file=$1 port tries
    if [[ -s $file ]]; then
        port=$(<"$file")
        for ((tries = 0; tries < 50; tries++)); do
            if ! port_taken "$port"; then
                printf '%s\n' "$port"
                return 0
            fi
            sleep 0.1
        done
    fi
    port=$(port_choose)
    printf '%s\n' "$port" | tee "$file"
}

# port_of VARIABLE DEFAULT: the port that the environment asks for.
port_of() {
    local value=${!1:-$2}
    if [[ ! $value =~ ^[1-9][0-9]{0,4}$ ]] || ((value > 65535)); then
        fail "$1=$value: a port from 1 to 65535 is expected"
    fi
    printf '%s\n' "$value"
}
