import FluxoDeCaixa
import Storage

@testable import Consolidado

/// Answers reads from memory, records statements, and fails or blocks on demand.
actor FakeSaldoReadRepository: SaldoReadRepository {
    private var contas: [LancamentoID: Conta]
    private var failures: Int
    private var isHeld: Bool
    private var held: [CheckedContinuation<Void, Never>] = []
    /// The requests of each statement for balances.
    private(set) var statements: [[PedidoDeSaldo]] = []
    /// The ids of each query for applied entries.
    private(set) var checks: [[LancamentoID]] = []

    init(contas: [LancamentoID: Conta] = [:], failures: Int = 0, isHeld: Bool = false) {
        self.contas = contas
        self.failures = failures
        self.isHeld = isHeld
    }

    func add(_ id: LancamentoID, _ conta: Conta) {
        self.contas[id] = conta
    }

    func letGo() {
        self.isHeld = false
        for continuation in self.held { continuation.resume() }
        self.held = []
    }

    /// The version of each balance is the number of the statement that read it.
    func saldos(_ pedidos: [PedidoDeSaldo]) async throws(StorageFailure) -> [SaldoDoPeriodo] {
        self.statements.append(pedidos)
        let versao = Int64(self.statements.count)
        if self.isHeld { await withCheckedContinuation { self.held.append($0) } }
        try self.failOnDemand()
        return pedidos.map {
            SaldoDoPeriodo(conta: $0.conta.nome, periodo: $0.periodo, versao: versao, saldoInicial: .zero, movimentos: [])
        }
    }

    func soma(_ periodo: Periodo, of filtro: FiltroDeConta) async throws(StorageFailure) -> SaldoDoPeriodo {
        throw .unavailable
    }

    func contas(_ filtros: [FiltroDeConta], after: String?, limit: Int) async throws(StorageFailure) -> [ResumoDeConta] {
        throw .unavailable
    }

    func contasDosAplicados(_ ids: [LancamentoID]) async throws(StorageFailure) -> [LancamentoID: Conta] {
        self.checks.append(ids)
        try self.failOnDemand()
        return self.contas.filter { ids.contains($0.key) }
    }

    private func failOnDemand() throws(StorageFailure) {
        guard self.failures > 0 else { return }
        self.failures -= 1
        throw .unavailable
    }
}

extension LancamentoID {
    /// An id of version 7 for tests.
    static func numbered(_ number: UInt64) -> LancamentoID {
        LancamentoID(bits: 0x0190_0000_0000_7000_8000_0000_0000_0000 | UInt128(number))
    }
}
