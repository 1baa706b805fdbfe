package import FluxoDeCaixa

/// Every name that this system and others meet under on the broker (AMQP 0-9-1, RabbitMQ).
package enum NomesAMQP {
    /// Topic exchanges, durable.
    package enum Exchange {
        /// Every registered entry.
        package static let lancamentos = "fluxo-caixa.lancamentos"
        /// Entries that other systems want registered.
        package static let comandos = "fluxo-caixa.comandos"
        /// Days whose balance has changed.
        package static let consolidados = "fluxo-caixa.consolidados"
    }

    /// Quorum queues.
    package enum Queue {
        /// What the consolidation has yet to apply.
        package static let consolidado = "consolidado.lancamentos"
        /// What the consolidation can never apply.
        package static let consolidadoDLQ = "consolidado.lancamentos.dlq"
        /// Commands not yet answered.
        package static let comandos = "lancamentos.comandos"
        /// Refusals that could not be answered.
        package static let comandosDLQ = "lancamentos.comandos.dlq"
        /// Named queues that a user may have replies sent to begin with this, their own name and a dot.
        package static let prefixoDeRespostas = "respostas."
        /// Queues that the broker has named begin with this.
        package static let prefixoDoServidor = "amq.gen-"
        /// A `reply_to` of direct reply-to begins with this once the broker has rewritten it; no queue does.
        package static let prefixoDeRespostaDireta = "amq.rabbitmq.reply-to."
    }

    /// The arguments of all our queues. Nothing else may be among them: a queue declared again with others is refused (406).
    package enum QueueArgument {
        /// Its value is ``quorum``.
        package static let type = "x-queue-type"
        /// The value of ``type``.
        package static let quorum = "quorum"
        /// Its value is ``deliveryLimitValue``.
        package static let deliveryLimit = "x-delivery-limit"
        /// As good as none. RabbitMQ 4 has 20 by default and drops the message after that; 3.10 drops at once with -1.
        package static let deliveryLimitValue: Int64 = 1_000_000_000
    }

    /// Keys and binding patterns of the topic exchanges; an account's dots are word borders in them.
    package enum RoutingKey {
        /// Binds a queue to every registered entry.
        package static let todosOsRegistrados = "lancamento.registrado.#"
        /// Binds a queue to every command; `#` stands for no word as well.
        package static let todosOsComandos = "lancamento.registrar.#"
        /// The command of a user who may send for every account.
        package static let registrar = "lancamento.registrar"

        /// Of the event of a registered entry.
        package static func registrado(_ tipo: Tipo, _ conta: Conta) -> String {
            "lancamento.registrado.\(tipo.rawValue).\(conta.nome)"
        }

        /// Of a command for this account.
        package static func registrar(_ conta: Conta) -> String {
            "\(registrar).\(conta.nome)"
        }

        /// Of the news of a day of this account.
        package static func atualizado(_ conta: Conta) -> String {
            "consolidado.atualizado.\(conta.nome)"
        }

        /// Whether a command delivered with this routing key may register an entry for the account.
        ///
        /// The broker's topic permissions say who may send with which key, so the key is the only thing that vouches for the account.
        package static func permite(_ routingKey: String, _ conta: Conta) -> Bool {
            routingKey.temOsMesmosBytes(que: registrar) || routingKey.temOsMesmosBytes(que: registrar(conta))
        }
    }

    /// The property `content_type`; the same as over HTTP.
    package enum ContentType {
        /// CloudEvents in structured JSON.
        package static let cloudEvent = "application/cloudevents+json"
        /// A good reply.
        package static let json = "application/json"
        /// A refusal (RFC 9457).
        package static let problema = "application/problem+json"
    }

    /// Names in the property `headers`.
    package enum Header {
        /// Of a reply: the status REST would have answered, an integer.
        package static let status = "status"
        /// W3C Trace Context.
        package static let traceparent = "traceparent"
        /// Set by the broker on a message that was dead-lettered.
        package static let death = "x-death"
        /// Set by quorum queues; absent means 0.
        package static let deliveryCount = "x-delivery-count"
        /// Extra recipients, which the broker obeys: never copied into a message of ours.
        package static let carbonCopy = "CC"
        /// The same, which the broker hides from recipients.
        package static let blindCarbonCopy = "BCC"

        /// Of a dead letter, all strings.
        package static let motivo = "motivo"
        /// ``RecusaDeEvento/erro``, or what a problem says.
        package static let erro = "erro"
        /// When it was received, RFC 3339.
        package static let recebidoEm = "recebido_em"
        /// The queue that it was received from.
        package static let fila = "fila"
        /// The routing key with which it was delivered.
        package static let chaveDeRoteamento = "chave_de_roteamento"
        /// The `user_id` with which it came: as a property the broker would refuse another's.
        package static let usuario = "usuario"
    }

    /// The property `app_id`.
    package enum AppID {
        /// The entry service.
        package static let lancamentos = "lancamentos"
        /// The consolidation service.
        package static let consolidado = "consolidado"
    }
}
