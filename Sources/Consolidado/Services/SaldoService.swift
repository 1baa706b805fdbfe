package import FluxoDeCaixa

/// Reads balances.
package struct SaldoService: Sendable {
    private let repository: any SaldoRepository

    package init(repository: any SaldoRepository) {
        self.repository = repository
    }

    /// One day. An account or a day without entries has zeros and carries the balance forward.
    /// - Throws: ``FalhaDeArmazenamento``.
    package func dia(_ data: Dia, of conta: Conta) async throws(FalhaDeArmazenamento) -> SaldoDiario {
        try await self.repository.dia(data, of: conta)
    }

    /// A period, every day of it.
    /// - Throws: ``FalhaDeArmazenamento``.
    package func periodo(_ periodo: Periodo, of conta: Conta) async throws(FalhaDeArmazenamento) -> SaldoDoPeriodo {
        try await self.repository.periodo(periodo, of: conta)
    }
}
