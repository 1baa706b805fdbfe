/// Is told how a ``ConfirmedPublisher`` fares: for metrics, and for those who should rest while there is no broker.
///
/// Called on the publisher's own thread: return at once.
public protocol PublisherObserver: Sendable {
    /// Connected and everything declared: messages flow.
    func publisherConnected(to endpoint: AMQPEndpoint)
    /// The connection is gone, or could not be made.
    func publisherDisconnected(_ error: AMQPError)
    /// The broker has an alarm (memory, disk) and takes nothing from this connection.
    func publisherBlocked(reason: String)
    /// The alarm is over.
    func publisherUnblocked()
}
