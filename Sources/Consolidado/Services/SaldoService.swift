package import FluxoDeCaixa
import Storage

/// Reads balances.
package struct SaldoService: Sendable {
    private let repository: any SaldoReadRepository
    private let reader: SaldoReader
    private let waits: ConsolidationWaits

    package init(repository: any SaldoReadRepository, reader: SaldoReader, waits: ConsolidationWaits) {
        self.repository = repository
        self.reader = reader
        self.waits = waits
    }

    /// Returns one day. An account or a day without entries has zeros and carries the balance forward.
    /// - Throws: ``ReadFailure``.
    package func dia(_ data: Dia, of filtro: FiltroDeConta) async throws(ReadFailure) -> SaldoDiario {
        guard let periodo = Periodo(de: data, ate: data) else { throw .indisponivel }
        let saldo = try await self.periodo(periodo, of: filtro)
        guard let dia = saldo.dias.first else { throw .indisponivel }
        return dia
    }

    /// Returns every day of a period.
    /// - Throws: ``ReadFailure``.
    package func periodo(_ periodo: Periodo, of filtro: FiltroDeConta) async throws(ReadFailure) -> SaldoDoPeriodo {
        if case .uma(let conta) = filtro { return try await self.reader.saldo(PedidoDeSaldo(conta: conta, periodo: periodo)) }
        do throws(StorageFailure) {
            return try await self.repository.soma(periodo, of: filtro)
        } catch {
            throw .indisponivel
        }
    }

    /// Returns accounts by name, and whether there are more.
    /// - Throws: ``ReadFailure``.
    package func contas(
        _ filtros: [FiltroDeConta],
        after: String?,
        limit: Int
    ) async throws(ReadFailure) -> (contas: [ResumoDeConta], temMais: Bool) {
        do throws(StorageFailure) {
            let found = try await self.repository.contas(filtros, after: after, limit: limit + 1)
            return (Array(found.prefix(limit)), found.count > limit)
        } catch {
            throw .indisponivel
        }
    }

    /// Returns once all entries are in balances covered by the filter. Later reads contain them.
    /// - Parameters:
    ///   - wait: the longest wait. Zero checks once.
    ///   - isWanted: whether the caller still waits for the answer.
    /// - Throws: ``ReadFailure``.
    package func waitUntilApplied(
        _ ids: [LancamentoID],
        to filtro: FiltroDeConta,
        wait: Duration,
        isWanted: @escaping @Sendable () -> Bool
    ) async throws(ReadFailure) {
        try await self.waits.waitUntilApplied(ids, to: filtro, wait: wait, isWanted: isWanted)
    }
}
