import FluxoDeCaixa
import NIOConcurrencyHelpers

/// Keeps what it is told.
final class Told: Sendable {
    private let box = NIOLockedValueBox<[[LancamentoID]]>([])

    var batches: [[LancamentoID]] { self.box.withLockedValue { $0 } }

    func add(_ ids: [LancamentoID]) {
        self.box.withLockedValue { $0.append(ids) }
    }
}
