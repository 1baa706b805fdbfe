import Contrato
import FluxoDeCaixa

/// One batch of received entries on its way into the balances.
///
/// One entry per id goes into the statement, the first of the batch. What was not new, and what was not sent, is then compared with what is
/// stored: the same is a duplicate, anything else a conflict.
struct ApplyBatch: Sendable {
    enum Outcome: Sendable, Equatable {
        case applied
        case duplicate
        /// The id was applied before with another content.
        case conflict
    }

    let received: [LancamentoAplicavel]
    /// One entry per id, sorted by id: the order in which every instance locks.
    let toSend: [LancamentoAplicavel]
    private let firstPosition: [LancamentoID: Int]

    init(_ received: [LancamentoAplicavel]) {
        self.received = received
        var firstPosition: [LancamentoID: Int] = [:]
        for (position, entry) in received.enumerated() where firstPosition[entry.id] == nil { firstPosition[entry.id] = position }
        self.firstPosition = firstPosition
        self.toSend = firstPosition.values.map { received[$0] }.sorted { $0.id < $1.id }
    }

    /// The ids to look up once it is known which were new.
    func toCompare(new: Set<LancamentoID>) -> [LancamentoID] {
        let ids = self.received.indices.filter { !self.isApplied($0, new) }.map { self.received[$0].id }
        return Set(ids).sorted()
    }

    /// What became of each received entry; nil if one is neither new nor stored: it was removed in between, and the batch must run again.
    func outcomes(new: Set<LancamentoID>, stored: [LancamentoID: LancamentoAplicavel]) -> [Outcome]? {
        var outcomes: [Outcome] = []
        for (position, entry) in self.received.enumerated() {
            if self.isApplied(position, new) {
                outcomes.append(.applied)
            } else if let known = stored[entry.id] {
                outcomes.append(known == entry ? .duplicate : .conflict)
            } else {
                return nil
            }
        }
        return outcomes
    }

    private func isApplied(_ position: Int, _ new: Set<LancamentoID>) -> Bool {
        let id = self.received[position].id
        return new.contains(id) && self.firstPosition[id] == position
    }
}
