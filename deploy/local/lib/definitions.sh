# shellcheck shell=bash
# What the broker must know before anyone connects: users, their rights and the limits of queues. Exchanges, queues and
# bindings are declared by the services themselves, so that a bare broker works too.

# The hash that RabbitMQ stores (rabbit_password_hashing_sha256): base64 of the salt and SHA-256 of salt and password.
rabbitmq_password_hash() {
    local salt
    salt=$(openssl rand -hex 4 | sed 's/../\\x&/g')
    {
        printf '%b' "$salt"
        { printf '%b' "$salt" && printf '%s' "$1"; } | openssl dgst -sha256 -binary
    } | openssl base64 -A
}

definitions_user() {
    printf '{"name":"%s","password_hash":"%s","hashing_algorithm":"rabbit_password_hashing_sha256","tags":[%s],"limits":{}}' \
        "$1" "$(rabbitmq_password_hash "$2")" "${3:-}"
}

# Patterns are regular expressions that match anywhere unless anchored; a backslash is doubled in JSON.
definitions_permission() {
    printf '{"user":"%s","vhost":"/","configure":"%s","write":"%s","read":"%s"}' \
        "$1" "${2//\\/\\\\}" "${3//\\/\\\\}" "${4//\\/\\\\}"
}

definitions_topic_permission() {
    printf '{"user":"%s","vhost":"/","exchange":"%s","write":"%s","read":"%s"}' "$1" "$2" "${3//\\/\\\\}" "${4//\\/\\\\}"
}

# definitions_integrator USER: the rights of another system. It sends commands, binds queues of its own (server-named, or
# respostas.<user>.<name>) to the events, and nothing else: above all it writes to no name that it may configure, or it
# could reach an exchange behind its topic permissions. Only amq.gen-… is both; the broker lets no client declare an
# exchange of that name.
definitions_integrator() {
    local own="respostas\\.$1\\.[^.]+|amq\\.gen-.*"
    definitions_permission "$1" \
        "^($own)\$" \
        '^(fluxo-caixa\.comandos|amq\.gen-.*)$' \
        "^(fluxo-caixa\\.(lancamentos|consolidados)|$own)\$"
}

# rabbitmq_definitions DIR: the definitions as JSON, with the passwords in DIR (made if there are none).
rabbitmq_definitions() {
    local dir=$1
    local comandos='lancamentos\.comandos(\.dlq)?' consolidado='consolidado\.lancamentos(\.dlq)?'
    # The user loja42 is an example of one who is confined to accounts: those below loja42, not loja42 itself.
    local loja42='loja42\.[^.#]+(\.[^.]+)*'
    cat <<JSON
{
  "vhosts": [{"name": "/"}],
  "users": [
    $(definitions_user administrador "$(secret "$dir/senha.administrador")" '"administrator"'),
    $(definitions_user lancamentos "$(secret "$dir/senha.lancamentos")"),
    $(definitions_user consolidado "$(secret "$dir/senha.consolidado")"),
    $(definitions_user integrador "$(secret "$dir/senha.integrador")"),
    $(definitions_user loja42 "$(secret "$dir/senha.loja42")")
  ],
  "permissions": [
    $(definitions_permission administrador '.*' '.*' '.*'),
    $(definitions_permission lancamentos \
        "^(fluxo-caixa\\.(lancamentos|comandos)|consolidado\\.lancamentos|$comandos)\$" \
        "^(amq\\.default|fluxo-caixa\\.lancamentos|consolidado\\.lancamentos|$comandos)\$" \
        "^(fluxo-caixa\\.(lancamentos|comandos)|$comandos)\$"),
    $(definitions_permission consolidado \
        "^(fluxo-caixa\\.(lancamentos|consolidados)|$consolidado)\$" \
        "^(amq\\.default|fluxo-caixa\\.consolidados|$consolidado)\$" \
        "^(fluxo-caixa\\.lancamentos|$consolidado)\$"),
    $(definitions_integrator integrador),
    $(definitions_integrator loja42)
  ],
  "topic_permissions": [
    $(definitions_topic_permission integrador fluxo-caixa.comandos '^lancamento\.registrar(\.[^#*]+)?$' '^$'),
    $(definitions_topic_permission integrador fluxo-caixa.lancamentos '^$' '^.*$'),
    $(definitions_topic_permission integrador fluxo-caixa.consolidados '^$' '^.*$'),
    $(definitions_topic_permission loja42 fluxo-caixa.comandos '^lancamento\.registrar\.loja42\.[^#*]+$' '^$'),
    $(definitions_topic_permission loja42 fluxo-caixa.lancamentos '^$' "^lancamento\\.registrado\\.[^.#]+\\.$loja42\$"),
    $(definitions_topic_permission loja42 fluxo-caixa.consolidados '^$' "^consolidado\\.atualizado\\.$loja42\$")
  ],
  "policies": [
    {"vhost": "/", "name": "fluxo-caixa", "apply-to": "queues", "priority": 1,
     "pattern": "^(consolidado\\\\.lancamentos|lancamentos\\\\.comandos)(\\\\.dlq)?\$",
     "definition": {"max-length-bytes": 4294967296, "overflow": "reject-publish"}},
    {"vhost": "/", "name": "integradores", "apply-to": "queues", "priority": 1,
     "pattern": "^(amq\\\\.gen-|respostas\\\\.)",
     "definition": {"max-length-bytes": 268435456}}
  ]
}
JSON
}
