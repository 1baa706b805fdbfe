/// Sends events to the broker and says which of them it has confirmed.
package protocol EventPublisher: Sendable {
    /// Whether events can be sent now: connected, everything declared, not blocked.
    var isReady: Bool { get }

    /// Sends events; returns once the fate of each is known.
    /// - Returns: for each event, in order, whether the broker has confirmed it. One that is not confirmed may or may not have arrived.
    func publish(_ events: [Registration]) async -> [Bool]
}
