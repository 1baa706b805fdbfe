import NIOCore

/// The request did not arrive in time. Bodies being read end with this error.
struct RequestTooSlow: Error {}

/// Events from the edge to the connection's handler.
enum RequestPaceEvent: Sendable {
    /// Write `100 Continue`.
    case sendContinue
    /// The request has no total time limit from now on, only a limit of silence.
    case keepMoving
    /// Close the connection after the answer that is being written.
    case closeAfterAnswer
}

/// The deadlines of one connection: pure state, no clock, no I/O.
///
/// A request has a deadline from its head to its end, also after an early answer. The deadline of a pipelined request begins when the answer
/// before it is written, because it is not read before. A client that does not read its answer has a deadline as well. After an answer with
/// `Connection: close`, and after a missed deadline, input is read and dropped for a short time: closing at once could destroy the answer
/// (RFC 9112 §9.6).
///
/// A request for another protocol is the last one of its connection: NIO's decoder parses nothing after it and buffers the input
/// (https://github.com/apple/swift-nio/pull/2570), so the connection is not read any more.
struct RequestPace {
    enum Action: Equatable {
        case none
        /// End the body with ``RequestTooSlow``; the connection closes soon after.
        case failBody
        case close
    }

    let requestMax: TimeAmount
    let stallMax: TimeAmount
    let lingerMax: TimeAmount

    /// Requests with a head and without a complete answer; the last one may still be arriving.
    private(set) var unanswered = 0
    /// Whether each of those is a `HEAD`, in order.
    private var heads: [Bool] = []
    private var isReading = false
    private var isMoving = false
    private(set) var isDiscarding = false
    private var isLastRequest = false
    private var closesAfterAnswer = false
    private var dropsEnd = false

    private var requestDeadline: NIODeadline?
    private var stallDeadline: NIODeadline?
    private var lingerDeadline: NIODeadline?

    init(requestMax: TimeAmount, stallMax: TimeAmount, lingerMax: TimeAmount = .seconds(5)) {
        self.requestMax = requestMax
        self.stallMax = stallMax
        self.lingerMax = lingerMax
    }

    /// The next time at which ``expire(now:)`` acts.
    var nextDeadline: NIODeadline? {
        [self.requestDeadline, self.stallDeadline, self.lingerDeadline].compactMap(\.self).min()
    }

    /// Whether the socket may be read.
    var mayRead: Bool { self.isReading || !self.isLastRequest }

    // MARK: - Reading

    mutating func readHead(isHEAD: Bool, isUpgrade: Bool = false, now: NIODeadline) {
        self.isLastRequest = isUpgrade
        self.unanswered += 1
        self.heads.append(isHEAD)
        self.isReading = true
        self.isMoving = false
        self.requestDeadline = self.unanswered == 1 ? now + self.requestMax : nil
    }

    mutating func readBody(now: NIODeadline) {
        guard self.isMoving else { return }
        self.requestDeadline = now + self.requestMax
        // A client that is still sending may read later.
        if self.stallDeadline != nil { self.stallDeadline = now + self.stallMax }
    }

    mutating func readEnd() {
        self.isReading = false
        self.requestDeadline = nil
    }

    mutating func keepMoving(now: NIODeadline) {
        // The event comes from another thread: the request may be complete by now, or another one may have begun.
        guard self.isReading, self.unanswered == 1 else { return }
        self.isMoving = true
        self.requestDeadline = now + self.requestMax
    }

    // MARK: - Writing

    mutating func writeHead(hasLength: Bool, closes: Bool) {
        // It may have been requested before the head was written.
        self.closesAfterAnswer = self.closesAfterAnswer || closes
        self.dropsEnd = (self.heads.first ?? false) && !hasLength
    }

    /// The head was already written without `Connection: close`.
    mutating func closeAfterAnswer() {
        guard self.unanswered > 0 else { return }
        self.closesAfterAnswer = true
    }

    /// - Returns: whether the end is written at all (a `HEAD` of unknown length has no last chunk), and whether the connection closes then.
    mutating func writeEnd(now: NIODeadline) -> (writesEnd: Bool, closes: Bool) {
        if !self.heads.isEmpty { self.heads.removeFirst() }
        self.unanswered = max(0, self.unanswered - 1)
        if self.isReading, self.unanswered == 1, self.requestDeadline == nil { self.requestDeadline = now + self.requestMax }
        if self.closesAfterAnswer { self.linger(now: now) }
        return (!self.dropsEnd, self.closesAfterAnswer)
    }

    mutating func writability(_ isWritable: Bool, now: NIODeadline) {
        if isWritable {
            self.stallDeadline = nil
        } else if self.stallDeadline == nil {
            self.stallDeadline = now + self.stallMax
        }
    }

    // MARK: - Time

    mutating func expire(now: NIODeadline) -> Action {
        if let deadline = self.lingerDeadline, deadline <= now { return .close }
        if let deadline = self.stallDeadline, deadline <= now { return .close }
        guard let deadline = self.requestDeadline, deadline <= now else { return .none }
        let answered = self.unanswered == 0
        self.linger(now: now)
        return answered ? .close : .failBody
    }

    private mutating func linger(now: NIODeadline) {
        self.isDiscarding = true
        self.requestDeadline = nil
        if self.lingerDeadline == nil { self.lingerDeadline = now + self.lingerMax }
    }
}
