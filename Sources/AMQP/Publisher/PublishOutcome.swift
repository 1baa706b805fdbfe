/// What is known about a published message. Every message gets exactly one.
public enum PublishOutcome: Sendable, Hashable {
    /// The broker has it: every queue that it was routed to took it.
    case confirmed
    /// No queue was bound for it (mandatory messages only); `code` is AMQP's reply code, 312.
    case returned(code: UInt16, text: String)
    /// A queue refused it, by its length limit or because it failed (basic.nack).
    case rejected
    /// The connection ended, or the confirm did not come in time, or the caller was cancelled: it may be there or not.
    case unknown
    /// Certainly not sent: no broker within the deadline, too many waiting, shutdown or cancellation.
    case notSent
    /// Certainly not sent, and never can be as it is.
    case invalid(AMQPError)
}
