package import FluxoDeCaixa
package import Storage

/// The store of entries, as far as it adds them up.
package protocol TotaisRepository: Sendable {
    /// Returns the groups of the entries that match a filter, ordered by their values; nil if there are more than `groupsMax`.
    func totais(
        _ filtro: FiltroDeLancamentos, por: [TotaisDeLancamentos.Agrupamento], groupsMax: Int, until deadline: ContinuousClock.Instant
    ) async throws(StorageFailure) -> TotaisDeLancamentos?
}

/// Adds up entries in groups.
package struct TotaisService: Sendable {
    /// The most groups of one answer.
    package static let groupsMax = 10_000
    /// How long a caller waits for the answer.
    private static let answerMax: Duration = .seconds(2)

    private let repository: any TotaisRepository

    package init(repository: any TotaisRepository) {
        self.repository = repository
    }

    /// - Returns: nil if there are more than ``groupsMax`` groups.
    /// - Throws: ``StorageFailure``.
    package func totais(
        _ filtro: FiltroDeLancamentos, por: [TotaisDeLancamentos.Agrupamento]
    ) async throws(StorageFailure) -> TotaisDeLancamentos? {
        try await self.repository.totais(filtro, por: por, groupsMax: Self.groupsMax, until: .now + Self.answerMax)
    }
}
