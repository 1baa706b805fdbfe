package import Storage

/// Publishes the waiting events of the outbox now, through the relay, which deletes each row after its confirm.
///
/// A running service may send the same rows at the same time: consumers recognise the ids, and a row is deleted once.
package struct OutboxPublishing: Sendable {
    private static let claimRowsMax: Int64 = 1000

    private let outbox: any OutboxLease
    private let relay: Relay

    package init(outbox: any OutboxLease, relay: Relay) {
        self.outbox = outbox
        self.relay = relay
    }

    /// Sends every row up to `seq` once and waits for its confirm. Later rows are left to the service, so this ends under any load.
    /// - Parameter sent: called with the number of rows sent so far.
    package func run(upTo seq: Int64, sent: (Int) -> Void) async throws(StorageFailure) {
        var low: Int64 = 0
        var count = 0
        while low < seq {
            let claim = try await self.outbox.claim(above: low, minimumAge: .zero, limit: Self.claimRowsMax)
            guard let last = claim.lastSeq else { return }
            await self.relay.send(claim.events)
            count += claim.events.count
            sent(count)
            low = last
        }
    }
}
