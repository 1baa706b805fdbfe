/// Why a request has no answer.
enum RequestFailure: Error, Equatable {
    /// No connection: the request was certainly not sent.
    case notSent(String)
    /// No answer within the time limit.
    case timedOut
    /// The connection ended before the answer was whole.
    case disconnected
    /// The answer is no HTTP that this reads.
    case malformed
}

extension RequestFailure: CustomStringConvertible {
    var description: String {
        switch self {
        case .notSent(let reason): "not sent: \(reason)"
        case .timedOut: "no answer in time"
        case .disconnected: "the connection ended without an answer"
        case .malformed: "an answer that is not HTTP"
        }
    }
}
