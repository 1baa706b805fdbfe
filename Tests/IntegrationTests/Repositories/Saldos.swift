import Contrato
import FluxoDeCaixa
import Logging
import Postgres

@testable import Consolidado

/// Both sides of the store of balances on one database.
struct Saldos: Sendable {
    let write: PostgresSaldoRepository
    let read: PostgresSaldoReadRepository

    init(_ client: PostgresClient) {
        let logger = Logger(label: "tests")
        self.write = PostgresSaldoRepository(client: client, logger: logger)
        self.read = PostgresSaldoReadRepository(client: client, sums: client, logger: logger)
    }

    @discardableResult
    func apply(_ entries: [LancamentoAplicavel]) async throws -> Set<LancamentoID> {
        try await self.write.apply(entries)
    }

    func applied(_ ids: [LancamentoID]) async throws -> [LancamentoID: LancamentoAplicavel] {
        try await self.write.applied(ids)
    }

    func dia(_ data: Dia, of conta: Conta) async throws -> SaldoDiario {
        try await self.periodo(Periodo(de: data, ate: data)!, of: conta).dias[0]
    }

    func periodo(_ periodo: Periodo, of conta: Conta) async throws -> SaldoDoPeriodo {
        try await self.read.saldos([PedidoDeSaldo(conta: conta, periodo: periodo)])[0]
    }
}
