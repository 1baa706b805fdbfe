package import FluxoDeCaixa

/// The names that this system shares with others on the broker (AMQP 0-9-1, RabbitMQ).
package enum AMQPNames {
    /// Topic exchanges, durable.
    package enum Exchange {
        /// Every registered entry.
        package static let lancamentos = "fluxo-caixa.lancamentos"
        /// Commands of other systems to register entries.
        package static let comandos = "fluxo-caixa.comandos"
        /// Days whose own sums have changed.
        package static let consolidados = "fluxo-caixa.consolidados"
    }

    /// Quorum queues.
    package enum Queue {
        /// Events that the consolidation has not applied.
        package static let consolidado = "consolidado.lancamentos"
        /// Events that the consolidation can never apply.
        package static let consolidadoDLQ = "consolidado.lancamentos.dlq"
        /// Commands that are not settled.
        package static let comandos = "lancamentos.comandos"
        /// Refused commands that could not be answered.
        package static let comandosDLQ = "lancamentos.comandos.dlq"
        /// A reply queue that a user names begins with this, the name of the user and a dot.
        package static let replyPrefix = "respostas."
        /// A queue of events that belongs to a user begins with this, and the name of the user follows.
        package static let eventsPrefix = "eventos."
        /// A queue that the broker named begins with this.
        package static let serverNamedPrefix = "amq.gen-"
        /// The `reply_to` of direct reply-to, as the broker rewrites it, begins with this; no queue does.
        package static let directReplyPrefix = "amq.rabbitmq.reply-to."
    }

    /// The arguments of all queues of this system. There are no others: declaring a queue again with other arguments is refused (406).
    package enum QueueArgument {
        /// Its value is ``quorum``.
        package static let type = "x-queue-type"
        package static let quorum = "quorum"
        /// The type of the queues that end with their connection.
        package static let classic = "classic"
        /// The most messages in such a queue. With more, the broker drops the oldest.
        package static let maxLength = "x-max-length"
        /// Its value is ``deliveryLimitValue``.
        package static let deliveryLimit = "x-delivery-limit"
        /// In effect no limit. The default of RabbitMQ 4 is 20, after which it drops the message; with -1, 3.10 drops it at once.
        package static let deliveryLimitValue: Int64 = 1_000_000_000
    }

    /// Keys and binding patterns of the topic exchanges. The dots of an account separate words in them.
    package enum RoutingKey {
        /// Binds a queue to every registered entry.
        package static let allRegistrados = "lancamento.registrado.#"
        /// Binds a queue to every command; `#` also matches no word.
        package static let allComandos = "lancamento.registrar.#"
        /// The command of a user who may send for every account.
        package static let registrar = "lancamento.registrar"

        /// The key of the event of a registered entry.
        package static func registrado(_ tipo: Tipo, _ conta: Conta) -> String {
            "lancamento.registrado.\(tipo.rawValue).\(conta.nome)"
        }

        package static func registrar(_ conta: Conta) -> String {
            "\(self.registrar).\(conta.nome)"
        }

        /// The key of the event of a changed day of this account.
        package static func atualizado(_ conta: Conta) -> String {
            "consolidado.atualizado.\(conta.nome)"
        }

        /// Binds a queue to the changed days of the accounts that the filter covers, and of the account above them; `#` also matches no word.
        package static func atualizados(_ filtro: FiltroDeConta) -> String {
            switch filtro {
            case .uma(let conta): self.atualizado(conta)
            case .abaixoDe(let conta): "\(self.atualizado(conta)).#"
            case .todas: "consolidado.atualizado.#"
            }
        }

        /// The account in the key of the event of a changed day; nil for another key.
        package static func contaAtualizada(_ routingKey: String) -> Conta? {
            let prefix = "consolidado.atualizado."
            guard routingKey.utf8.starts(with: prefix.utf8) else { return nil }
            return Conta(String(routingKey.dropFirst(prefix.count)))
        }

        /// Reports whether a command delivered with this routing key may register an entry for the account.
        ///
        /// The broker's topic permissions decide who may send with which key, so only the key authorizes the account.
        package static func allows(_ routingKey: String, _ conta: Conta) -> Bool {
            routingKey.hasSameBytes(as: self.registrar) || routingKey.hasSameBytes(as: self.registrar(conta))
        }
    }

    /// The property `content_type`; the same as over HTTP.
    package enum ContentType {
        /// CloudEvents in structured JSON.
        package static let cloudEvent = "application/cloudevents+json"
        /// The reply to a registered command.
        package static let json = "application/json"
        /// The reply to a refused command (RFC 9457).
        package static let problema = "application/problem+json"
    }

    package enum Header {
        /// In a reply: the status that REST answers, an integer.
        package static let status = "status"
        /// W3C Trace Context.
        package static let traceparent = "traceparent"
        /// Set by the broker on a message that was dead-lettered.
        package static let death = "x-death"
        /// Extra routing keys that the broker uses: never copied into a message of this system.
        package static let carbonCopy = "CC"
        /// The same, removed by the broker before delivery.
        package static let blindCarbonCopy = "BCC"

        /// How often a quorum queue delivered the message before; absent at the first delivery.
        package static let deliveryCount = "x-delivery-count"
        /// The same in RabbitMQ 4, deliveries included that ended with their connection.
        package static let acquiredCount = "x-acquired-count"

        /// In a dead letter: a ``Motivo``. All headers of dead letters are strings.
        package static let motivo = "motivo"
        package static let erro = "erro"
        /// When it was received, RFC 3339.
        package static let recebidoEm = "recebido_em"
        package static let fila = "fila"
        /// The routing key with which it was delivered.
        package static let chaveDeRoteamento = "chave_de_roteamento"
        /// The `user_id` of the message: the broker refuses the property of another user.
        package static let usuario = "usuario"

        /// In a copy of an event that is sent to the consolidation's queue alone: a ``Conferencia``.
        package static let conferencia = "conferencia"
    }

    package enum AppID {
        package static let lancamentos = "lancamentos"
        package static let consolidado = "consolidado"
    }
}

/// Why a message is in a dead letter queue: the header `motivo`.
package enum Motivo: String, Hashable, Sendable, CaseIterable {
    /// The body is not JSON in UTF-8.
    case ilegivel
    /// The body can be read, but breaks a rule.
    case invalido
    /// The major version of the event is unknown to this program.
    case versaoDesconhecida = "versao-desconhecida"
    /// The same id or key with other content.
    case conflito
    case contaNaoPermitida = "conta-nao-permitida"
    /// The command was not published to the exchange for commands, or the event is not from the user of the entry service.
    case origemNaoPermitida = "origem-nao-permitida"
    /// The command has no `message_id`, its idempotency key.
    case semMessageID = "sem-message-id"
    /// An operator moved the message out of its queue.
    case retirado
}

/// Why a message is dead-lettered: the headers `motivo` and `erro`.
package struct MessageRefusal: Error, Hashable, Sendable {
    package let motivo: Motivo
    /// A message in Portuguese that repeats nothing of the body.
    package let erro: String

    package init(motivo: Motivo, erro: String) {
        self.motivo = motivo
        self.erro = erro
    }
}

extension MessageRefusal: CustomStringConvertible {
    package var description: String { "\(self.motivo.rawValue): \(self.erro)" }
}
