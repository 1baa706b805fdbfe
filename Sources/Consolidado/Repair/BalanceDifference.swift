package import FluxoDeCaixa

/// What an audit or a rebuild looks at; nil is everything.
package struct AuditScope: Sendable, Equatable {
    package let conta: Conta?
    package let de: Dia?
    package let ate: Dia?

    package init(conta: Conta? = nil, de: Dia? = nil, ate: Dia? = nil) {
        self.conta = conta
        self.de = de
        self.ate = ate
    }
}

/// A stored number that is not what the applied entries add up to.
package struct BalanceDifference: Sendable, Equatable {
    /// What the number is of.
    package enum Level: Int64, Sendable {
        case account = 1
        case month = 2
        case day = 3
    }

    package enum Values: Sendable, Equatable {
        /// Centavos or a count.
        case sum(expected: Quantia, stored: Quantia)
        /// First and last day, as text.
        case dates(expected: String, stored: String)
    }

    package let conta: Conta
    /// The day, or the first day of the month; nil for an account.
    package let data: Dia?
    package let level: Level
    /// The column.
    package let campo: String
    package let values: Values

    package init(conta: Conta, data: Dia?, level: Level, campo: String, values: Values) {
        self.conta = conta
        self.data = data
        self.level = level
        self.campo = campo
        self.values = values
    }

    /// What has to be added to the stored number; nil for dates.
    ///
    /// It stays right while consumers apply entries: they add the same to what is expected and to what is stored.
    package var correction: Quantia? {
        guard case .sum(let expected, let stored) = self.values else { return nil }
        return Quantia(centavos: expected.centavos - stored.centavos)
    }
}
