import Contrato
import FluxoDeCaixa
import Storage

@testable import Consolidado

/// What is due, in memory.
actor FakeNotices: NoticeLease, NoticePublisher {
    private var dueDays: [ChaveDeSaldo: Int64] = [:]
    private var postponed: Set<ChaveDeSaldo> = []
    private var refusedAccounts: Set<String>
    private var unknowns: Int
    private var failures: Int
    /// What was sent, in order.
    private(set) var sent: [[String]] = []
    /// Runs before the broker answers.
    private let beforeOutcomes: @Sendable () async -> Void
    /// Days that change while their news is on its way.
    private var changes: [(ChaveDeSaldo, Int64)] = []

    nonisolated let isReady = true

    init(
        refusedAccounts: Set<String> = [], unknowns: Int = 0, failures: Int = 0, beforeOutcomes: @escaping @Sendable () async -> Void = {}
    ) {
        self.beforeOutcomes = beforeOutcomes
        self.refusedAccounts = refusedAccounts
        self.unknowns = unknowns
        self.failures = failures
    }

    var dueCount: Int { self.dueDays.count }
    var postponedCount: Int { self.postponed.count }

    func change(_ chave: ChaveDeSaldo, versao: Int64) {
        self.dueDays[chave] = versao
        self.postponed.remove(chave)
    }

    func changeWhileSending(_ chave: ChaveDeSaldo, versao: Int64) {
        self.changes.append((chave, versao))
    }

    func due(after: ChaveDeSaldo?, limit: Int) async throws(StorageFailure) -> [Notice] {
        if self.failures > 0 {
            self.failures -= 1
            throw .unavailable
        }
        func order(_ chave: ChaveDeSaldo) -> String { "\(chave.conta) \(chave.data)" }
        let days = self.dueDays.filter { !self.postponed.contains($0.key) && (after.map(order) ?? "") < order($0.key) }
        return days.sorted { order($0.key) < order($1.key) }.prefix(limit).map { chave, versao in
            Notice(
                noticia: .init(
                    conta: chave.conta, movimento: MovimentoDoDia(data: chave.data), versao: versao,
                    atualizadoEm: Instante(milissegundos: 0)),
                dueVersao: versao)
        }
    }

    func publish(_ notices: [Notice]) async -> [NoticeOutcome] {
        self.sent.append(notices.map(\.noticia.id))
        await self.beforeOutcomes()
        for (chave, versao) in self.changes { self.change(chave, versao: versao) }
        self.changes = []
        if self.unknowns > 0 {
            self.unknowns -= 1
            return notices.map { _ in .unknown }
        }
        return notices.map { self.refusedAccounts.contains($0.noticia.conta.nome) ? .refused : .confirmed }
    }

    func confirmed(_ notices: [Notice]) async throws(StorageFailure) {
        for notice in notices where self.dueDays[notice.chave] == notice.dueVersao { self.dueDays[notice.chave] = nil }
    }

    func postpone(_ notices: [Notice]) async throws(StorageFailure) {
        for notice in notices where self.dueDays[notice.chave] == notice.dueVersao { self.postponed.insert(notice.chave) }
    }
}
