# shellcheck shell=bash
# What a person needs to know when the stack is ready. Passwords and the token stay in .local/endpoints.env.
print_summary() {
    local name endpoints
    printf -v endpoints '%q' "$LOCAL/endpoints.env"
    for name in $(instances_running); do printf '    %-16s %s\n' "$name" "$(instance_url "$name")"; done
    printf '    %-16s %s\n' \
        'RabbitMQ' "http://127.0.0.1:$(<"$LOCAL/rabbitmq/porta.management") (user administrador)" \
        'PostgreSQL' "127.0.0.1:$(<"$LOCAL/postgres/porta") (databases lancamentos, consolidado)" \
        'endpoints' "$LOCAL/endpoints.env"
    if process_runs "$RUN/prometheus.pid"; then
        printf '    %-16s %s\n' 'Prometheus' "$(prometheus_url) (deploy/monitoring/check --prometheus $(prometheus_url))"
    fi
    cat <<TEXT

To try it, paste:

. $endpoints
TEXT
    cat <<'TEXT'
curl -i "$LANCAMENTOS_URL/v1/lancamentos" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -H 'Idempotency-Key: venda-1' -d '{"conta":"loja1","tipo":"credito","valor":"10.00","descricao":"Venda"}'
curl -i "${CONSOLIDADO_URLS%%,*}/v1/consolidados/$(TZ=America/Sao_Paulo date +%F)?conta=loja1" -H "Authorization: Bearer $TOKEN"

TEXT
}
