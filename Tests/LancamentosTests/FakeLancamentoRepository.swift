import FluxoDeCaixa
import Storage

@testable import Lancamentos

/// A repository in memory that can fail, lose answers and keep commits waiting.
actor FakeLancamentoRepository: LancamentoRepository {
    /// What happens to one call.
    enum Fault {
        /// Nothing is stored.
        case unavailable
        /// It is stored, but the answer is lost.
        case answerLost
        /// The data is refused.
        case refused
        /// No answer arrives before the deadline, and nothing is stored.
        case stalls
        /// No answer arrives before the deadline. The entries are invisible and hold their locks until ``endWaitingCommits(stored:)``.
        case commitWaits
    }

    private(set) var entries: [LancamentoID: Registration] = [:]
    private(set) var batchSizes: [Int] = []
    private var waiting: [Registration] = []
    private var nextSeq: Int64 = 1
    private var insertFaults: [Fault?]
    private var settleFaults: [Fault?]
    private var failingReads = 0
    private let refusedID: LancamentoID?
    private let insertTime: Duration

    /// - Parameters:
    ///   - insertFaults: the faults of the first calls of `register`, in order.
    ///   - settleFaults: the faults of the first calls of `settle`, in order.
    ///   - refusedID: an entry that is refused in every batch.
    ///   - insertTime: the duration of an insert, in which batches gather.
    init(
        insertFaults: [Fault?] = [], settleFaults: [Fault?] = [], refusedID: LancamentoID? = nil, insertTime: Duration = .zero
    ) {
        self.insertFaults = insertFaults
        self.settleFaults = settleFaults
        self.refusedID = refusedID
        self.insertTime = insertTime
    }

    /// Adds faults of the next calls of `register`.
    func fail(_ faults: [Fault]) { self.insertFaults += faults }

    /// The next calls of `find` fail.
    func failReads(_ calls: Int) { self.failingReads += calls }

    /// Ends the transactions whose commits wait.
    func endWaitingCommits(stored: Bool) {
        if stored { for registration in self.waiting { self.entries[registration.lancamento.id] = registration } }
        self.waiting.removeAll()
    }

    func register(
        _ registrations: [Registration], until deadline: ContinuousClock.Instant
    ) async throws(StorageFailure) -> [LancamentoID: Int64] {
        self.batchSizes.append(registrations.count)
        if self.insertTime > .zero { try? await Task.sleep(for: self.insertTime) }
        let fault = self.insertFaults.isEmpty ? nil : self.insertFaults.removeFirst()
        if case .unavailable = fault { throw .unavailable }
        if case .refused = fault { throw .invalidData }
        let held = Set(self.waiting.flatMap { Claim.all(of: $0.lancamento) })
        if registrations.contains(where: { !held.isDisjoint(with: Claim.all(of: $0.lancamento)) }) { throw .lockHeld }
        if case .commitWaits = fault { self.waiting += registrations }
        switch fault {
        case .stalls, .commitWaits:
            try? await Task.sleep(until: deadline, clock: .continuous)
            throw .outcomeUnknown
        case .unavailable, .answerLost, .refused, nil: break
        }
        if registrations.contains(where: { $0.lancamento.id == self.refusedID }) { throw .invalidData }
        var inserted: [LancamentoID: Int64] = [:]
        for registration in registrations where self.find(registration) == nil {
            self.entries[registration.lancamento.id] = registration
            inserted[registration.lancamento.id] = self.nextSeq
            self.nextSeq += 1
        }
        if case .answerLost = fault { throw .outcomeUnknown }
        return inserted
    }

    func settle(
        _ registrations: [Registration], until deadline: ContinuousClock.Instant
    ) async throws(StorageFailure) -> [Registration?] {
        let fault = self.settleFaults.isEmpty ? nil : self.settleFaults.removeFirst()
        if fault != nil { throw .unavailable }
        return registrations.map { self.find($0) }
    }

    func find(_ id: LancamentoID, until deadline: ContinuousClock.Instant) async throws(StorageFailure) -> Lancamento? {
        if self.failingReads > 0 {
            self.failingReads -= 1
            throw .unavailable
        }
        return self.stored(id)
    }

    func openWritesEnd(within wait: Duration, until deadline: ContinuousClock.Instant) async throws(StorageFailure) -> Bool {
        self.waiting.isEmpty
    }

    func list(
        _ filtro: FiltroDeLancamentos, _ order: ListOrder, after last: ListPosition?, limit: Int, until deadline: ContinuousClock.Instant?
    ) async throws(StorageFailure) -> [Lancamento] {
        let isByDay = order == .latestDayFirst || order == .earliestDayFirst
        let key = { (id: LancamentoID, data: Dia) in (isByDay ? data.diasDesde2000 : 0, id) }
        let mine = self.entries.keys.compactMap { self.stored($0) }.filter { Self.matches($0, filtro) }
            .sorted { key($0.id, $0.data) < key($1.id, $1.data) }
        let isAscending = order == .oldestFirst || order == .earliestDayFirst
        let ordered = isAscending ? mine : mine.reversed()
        guard let last else { return Array(ordered.prefix(limit)) }
        let start = key(last.id, last.data)
        return Array(ordered.filter { isAscending ? key($0.id, $0.data) > start : key($0.id, $0.data) < start }.prefix(limit))
    }

    /// The entry as it is now.
    private func stored(_ id: LancamentoID) -> Lancamento? {
        var lancamento = self.entries[id]?.lancamento
        lancamento?.estornadoPor = self.entries.values.first { $0.lancamento.estornoDe == id }?.lancamento.id
        return lancamento
    }

    private static func matches(_ lancamento: Lancamento, _ filtro: FiltroDeLancamentos) -> Bool {
        filtro.conta.cobre(lancamento.conta) && lancamento.data >= filtro.de ?? .primeiro && lancamento.data <= filtro.ate ?? .ultimo
            && filtro.tipo ?? lancamento.tipo == lancamento.tipo && filtro.natureza ?? lancamento.natureza == lancamento.natureza
            && filtro.categoria ?? lancamento.categoria == lancamento.categoria
            && filtro.referencia ?? lancamento.referencia == lancamento.referencia
            && filtro.chave ?? lancamento.chave == lancamento.chave
    }

    private func find(_ registration: Registration) -> Registration? {
        let mine = registration.lancamento
        if let same = self.entries[mine.id] { return same }
        let sameKey = self.entries.values.first { other in
            mine.chave != nil && other.lancamento.conta == mine.conta && other.lancamento.chave == mine.chave
        }
        return sameKey ?? self.entries.values.first { mine.estornoDe != nil && $0.lancamento.estornoDe == mine.estornoDe }
    }
}
