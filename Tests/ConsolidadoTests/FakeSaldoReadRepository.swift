import Contrato
import FluxoDeCaixa
import Storage

@testable import Consolidado

/// Answers reads from memory, records statements, and fails or blocks on demand.
actor FakeSaldoReadRepository: SaldoReadRepository {
    private var contas: [LancamentoID: Conta]
    private var entries: [LancamentoAplicavel] = []
    private var failures: Int
    private let failure: StorageFailure
    private var isHeld: Bool
    private var held: [CheckedContinuation<Void, Never>] = []
    /// The requests of each statement for balances.
    private(set) var statements: [[PedidoDeSaldo]] = []
    /// The ids of each query for applied entries.
    private(set) var checks: [[LancamentoID]] = []

    init(contas: [LancamentoID: Conta] = [:], failures: Int = 0, failure: StorageFailure = .unavailable, isHeld: Bool = false) {
        self.contas = contas
        self.failures = failures
        self.failure = failure
        self.isHeld = isHeld
    }

    func add(_ id: LancamentoID, _ conta: Conta) {
        self.contas[id] = conta
    }

    /// Applies entries that were not applied before.
    func apply(_ entries: [LancamentoAplicavel]) {
        self.entries += entries
        for entry in entries { self.contas[entry.id] = entry.conta }
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
        return pedidos.map { pedido in
            let movimentos = self.entries.filter { $0.conta == pedido.conta }.map { MovimentoDoDia($0) }
            let before = movimentos.filter { $0.data < pedido.periodo.de }.map(\.saldoDoDia).reduce(.zero, +)
            return SaldoDoPeriodo(
                conta: pedido.conta.nome, periodo: pedido.periodo, versao: versao, saldoInicial: before, movimentos: movimentos)
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
        throw self.failure
    }
}

extension MovimentoDoDia {
    /// The sums of one entry.
    fileprivate init(_ entry: LancamentoAplicavel) {
        let (valor, isTransfer) = (Quantia(entry.valor), entry.natureza == Natureza.transferencia.rawValue)
        switch entry.tipo {
        case .credito:
            self.init(
                data: entry.data, totalCreditos: valor, transferenciasEntrada: isTransfer ? valor : .zero, quantidadeCreditos: 1)
        case .debito:
            self.init(data: entry.data, totalDebitos: valor, transferenciasSaida: isTransfer ? valor : .zero, quantidadeDebitos: 1)
        }
    }
}
