package import Contrato
package import FluxoDeCaixa
package import Storage

/// Where counts of registered entries wait until they are compared.
package protocol CountInbox: Sendable {
    /// Keeps a received count.
    func keep(_ conferencia: Conferencia) async throws(StorageFailure)
}

/// A count of registered entries that was received.
package struct ReceivedCount: Sendable, Equatable {
    package let number: Int64
    /// By the clock of the database, as all times here.
    package let receivedAt: Instante
    package let conferencia: Conferencia

    package init(number: Int64, receivedAt: Instante, conferencia: Conferencia) {
        self.number = number
        self.receivedAt = receivedAt
        self.conferencia = conferencia
    }
}

/// Counts and differences as the one instance that compares sees them.
package protocol ReconciliationStore: Sendable {
    /// The oldest received count, if it is so old; nil otherwise.
    func due(olderThan age: Duration) async throws(StorageFailure) -> ReceivedCount?

    /// Counts the applied entries of a period, at most so many: the rest is left out with the minute in which they end.
    func applied(_ periodo: Range<Minuto>, entriesMax: Int64) async throws(StorageFailure) -> AppliedCount

    /// The known differences among these minutes.
    func known(_ minutos: [Minuto]) async throws(StorageFailure) -> [Diferenca]

    /// Replaces all differences of a period, and removes the received count that it was compared for.
    func replace(
        _ differences: [Diferenca], in periodo: Range<Minuto>, for count: ReceivedCount, countedAt: Instante
    ) async throws(StorageFailure)

    /// Differences whose applied entries were not counted for so long, those counted longest ago first, with the applied entries now.
    func recount(olderThan age: Duration, minutesMax: Int) async throws(StorageFailure) -> [Recount]

    /// Replaces the differences of single minutes; nil removes one.
    func replace(_ differences: [(minuto: Minuto, Diferenca?)], countedAt: Instante) async throws(StorageFailure)

    /// The confirmed differences by day.
    func confirmed() async throws(StorageFailure) -> [DiaDivergente]
}

/// The applied entries of a period, and when they were counted.
package struct AppliedCount: Sendable, Equatable {
    package let aplicados: ContagemPorMinuto
    package let countedAt: Instante

    package init(aplicados: ContagemPorMinuto, countedAt: Instante) {
        self.aplicados = aplicados
        self.countedAt = countedAt
    }
}

/// A known difference and the applied entries of its minute now.
package struct Recount: Sendable, Equatable {
    package let difference: Diferenca
    package let aplicado: Contagem
    package let countedAt: Instante

    package init(difference: Diferenca, aplicado: Contagem, countedAt: Instante) {
        self.difference = difference
        self.aplicado = aplicado
        self.countedAt = countedAt
    }
}

/// A day of registration, in UTC, with confirmed differences.
package struct DiaDivergente: Sendable, Equatable {
    package let dia: Dia
    /// Registered and not applied, or applied with another value.
    package let faltam: Int64
    /// Applied and not registered.
    package let sobram: Int64
    /// The balance of what is registered less that of what is applied.
    package let saldo: Quantia

    package init(dia: Dia, faltam: Int64, sobram: Int64, saldo: Quantia) {
        self.dia = dia
        self.faltam = faltam
        self.sobram = sobram
        self.saldo = saldo
    }
}

extension DiaDivergente: CustomStringConvertible {
    package var description: String {
        "\(self.dia): \(self.faltam) not applied, \(self.sobram) not registered, \(self.saldo)"
    }
}

extension [DiaDivergente] {
    /// Registered less applied entries. Where some are missing and others are too many, the larger number of the two, so that they never
    /// cancel each other out.
    package var difference: Int64 {
        let (missing, surplus) = self.reduce(into: (Int64(0), Int64(0))) { sums, day in
            sums.0 += day.faltam
            sums.1 += day.sobram
        }
        return missing >= surplus ? missing : -surplus
    }
}

/// What every instance measures of the reconciliation.
package protocol ReconciliationView: Sendable {
    /// The confirmed differences by day.
    func confirmed() async throws(StorageFailure) -> [DiaDivergente]

    /// How old the newest entries are that were compared. Before the first comparison the age of the oldest applied entry; zero without any.
    func age() async throws(StorageFailure) -> Duration
}
