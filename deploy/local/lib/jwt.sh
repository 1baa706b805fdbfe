# shellcheck shell=bash
# Bearer tokens for local use: JWT (RFC 7519) signed with HMAC SHA-256 (HS256, RFC 7518).

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# A JSON string literal of the text given; control characters are refused.
json_string() {
    local text=$1
    [[ $text != *[[:cntrl:]]* ]] || fail "control characters are not allowed in a token"
    text=${text//\\/\\\\}
    text=${text//\"/\\\"}
    printf '"%s"' "$text"
}

# A JSON array of the comma separated names given.
json_array() {
    local name comma=
    local -a names
    IFS=, read -ra names <<<"$1"
    printf '['
    for name in "${names[@]}"; do
        printf '%s' "$comma"
        json_string "$name"
        comma=,
    done
    printf ']'
}

# hmac_sha256 KEY: the binary HMAC (RFC 2104) of standard input, for a key of at most 64 bytes. Built from two plain
# digests, because openssl takes the key of an HMAC only as an argument, where every user of the machine can read it.
hmac_sha256() {
    local key=$1 inner='' outer='' i byte
    ((${#key} <= 64)) || fail "the signing secret is longer than 64 bytes"
    for ((i = 0; i < 64; i++)); do
        byte=0
        ((i < ${#key})) && printf -v byte '%d' "'${key:i:1}"
        printf -v inner '%s\\x%02x' "$inner" $((byte ^ 0x36))
        printf -v outer '%s\\x%02x' "$outer" $((byte ^ 0x5c))
    done
    {
        printf '%b' "$outer"
        { printf '%b' "$inner" && cat; } | openssl dgst -sha256 -binary
    } | openssl dgst -sha256 -binary
}

# jwt SECRET SUBJECT ACCOUNTS SCOPE SECONDS: accounts comma separated, scope as in RFC 8693, valid for SECONDS from now.
jwt() {
    local secret=$1 subject=$2 accounts=$3 scope=$4 seconds=$5 now signed
    now=$(date +%s)
    signed=$(printf '{"alg":"HS256","typ":"JWT"}' | base64url).$(
        printf '{"sub":%s,"contas":%s,"scope":%s,"iat":%d,"exp":%d}' "$(json_string "$subject")" \
            "$(json_array "$accounts")" "$(json_string "$scope")" "$now" "$((now + seconds))" | base64url
    )
    printf '%s.%s\n' "$signed" "$(printf '%s' "$signed" | hmac_sha256 "$secret" | base64url)"
}
