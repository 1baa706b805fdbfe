/// Why a message went to a dead letter queue: the header `motivo`.
package enum Motivo: String, Hashable, Sendable, CaseIterable {
    /// The body is not JSON in UTF-8.
    case ilegivel
    /// It can be read, but breaks a rule.
    case invalido
    /// An event of a major version that this program does not know.
    case versaoDesconhecida = "versao-desconhecida"
    /// The same id or key with another content.
    case conflito
    /// The account is not the one that the sender's routing key speaks for.
    case contaNaoPermitida = "conta-nao-permitida"
    /// A command that did not come straight through the exchange for commands, or an event of another user than the entry service's.
    case origemNaoPermitida = "origem-nao-permitida"
    /// A command without the property that is its idempotency key.
    case semMessageID = "sem-message-id"
}
