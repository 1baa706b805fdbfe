package import FluxoDeCaixa

/// A committed entry whose event the broker has not confirmed yet: one row of the outbox.
package struct PendingEvent: Sendable, Equatable {
    /// The outbox row.
    package let seq: Int64
    package let lancamento: Lancamento
    /// W3C trace context of the request that registered the entry.
    package let traceparent: String?

    package init(seq: Int64, lancamento: Lancamento, traceparent: String?) {
        self.seq = seq
        self.lancamento = lancamento
        self.traceparent = traceparent
    }
}
