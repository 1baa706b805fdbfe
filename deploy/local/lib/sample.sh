# shellcheck shell=bash
# A sample entry through the real path: registered by REST, published, consolidated, read back.

# The value of a string or number member of a flat JSON object; enough for the two answers read here.
json_member() { sed -n "s/.*\"$1\"[[:space:]]*:[[:space:]]*\"\{0,1\}\([^\",}]*\).*/\1/p" <<<"$2" | head -n 1; }

# The key is fixed, so the entry is registered once; later calls get the same one back, with the date of its first day.
sample_entry() {
    local authorization answer status date balance tries
    authorization="header = \"Authorization: Bearer $(local_token)\""
    for ((tries = 0; tries < 10; tries++)); do
        answer=$(http --config - --max-time 10 --write-out '\n%{http_code}' --header 'Content-Type: application/json' \
            --header 'Idempotency-Key: exemplo-1' --data "$SAMPLE_BODY" \
            "$(instance_url lancamentos-1)/v1/lancamentos" <<<"$authorization") || true
        status=${answer##*$'\n'}
        [[ $status == 20[01] ]] && break
        sleep 1
    done
    [[ $status == 20[01] ]] || fail "the sample entry was not registered: ${answer//$'\n'/ }"
    date=$(json_member data "$answer")
    [[ $date =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] || fail "the sample entry came back without a date: $answer"

    local deadline=$((SECONDS + 30)) count=0 url
    url=$(consolidado_urls)
    if [[ -z $url ]]; then
        say "Sample entry registered; no consolidado runs that could show the balance"
        return 0
    fi
    while ((SECONDS < deadline)); do
        answer=$(http --config - --max-time 10 "${url%%,*}/v1/consolidados/$date?conta=exemplo" <<<"$authorization") || true
        count=$(json_member quantidade_creditos "$answer")
        if [[ $count =~ ^[1-9][0-9]*$ ]]; then
            balance=$(json_member saldo_final "$answer")
            say "Sample entry: account exemplo, balance of $date: R\$ $balance"
            return 0
        fi
        sleep 0.1
    done
    fail "the sample entry is not in the balance after 30 s: $answer"
}

SAMPLE_BODY='{"conta":"exemplo","tipo":"credito","valor":"150.75","descricao":"Primeiro lançamento"}'
