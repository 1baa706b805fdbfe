# shellcheck shell=bash
# Passwords and keys, made at the first start and kept: one file each, readable by its owner only.

# secret FILE: prints the secret in FILE, making it (48 hexadecimal digits, 192 bits) if there is none.
secret() {
    if [[ ! -s $1 ]]; then openssl rand -hex 24 | write_private "$1"; fi
    cat "$1"
}
