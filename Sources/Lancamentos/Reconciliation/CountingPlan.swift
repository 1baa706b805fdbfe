import Contrato
import FluxoDeCaixa

/// Where the counting of registered entries goes on: three passes over the minutes of registration. It does no I/O.
///
/// `nova` counts each minute once, as soon as it is old enough. `segunda` counts it again some minutes later: with the entries that were
/// committed late. `ronda` counts all minutes from the first on, and begins again at the end: it finds what changes in old minutes.
/// No pass goes beyond an entry that the broker has not confirmed: such an entry is late, not lost.
struct CountingPlan: Sendable {
    typealias Passagem = Conferencia.Passagem

    /// The plan's limits.
    struct Limits: Sendable {
        /// Younger entries are not counted.
        var minimumAge: Duration = .seconds(5 * 60)
        var secondAge: Duration = .seconds(20 * 60)
        /// Where `nova` and `segunda` begin in a database that was never counted: so many minutes before their end.
        var startMinutes: Int64 = 60
    }

    /// The end of `nova` and `ronda`.
    let end: Minuto
    private let secondEnd: Minuto
    private let limits: Limits
    private var positions: [Passagem: Minuto]

    /// - Parameters:
    ///   - positions: until where each pass has counted.
    ///   - oldestPending: the oldest entry that the broker has not confirmed; nil if there is none.
    init(positions: [Passagem: Minuto], oldestPending: LancamentoID?, agora: Instante, limits: Limits = Limits()) {
        func end(_ age: Duration) -> Minuto {
            let old = Minuto(Instante(milissegundos: agora.milissegundos - Int64(age / .milliseconds(1))))
            return min(old, oldestPending.map { Minuto($0.instante) } ?? old)
        }
        self.positions = positions
        self.end = end(limits.minimumAge)
        self.secondEnd = end(limits.secondAge)
        self.limits = limits
    }

    /// What a pass has to count next; nil if it is at its end.
    func period(_ passagem: Passagem) -> Range<Minuto>? {
        let end = passagem == .segunda ? self.secondEnd : self.end
        let position: Minuto
        switch passagem {
        case .nova, .segunda: position = self.positions[passagem] ?? end.somando(-self.limits.startMinutes)
        case .ronda:
            let last = self.positions[passagem] ?? end
            position = last < end ? last : .primeiro
        }
        return position < end ? position..<end : nil
    }

    /// A pass has counted until here.
    mutating func counted(_ passagem: Passagem, until minuto: Minuto) {
        self.positions[passagem] = minuto
    }
}
