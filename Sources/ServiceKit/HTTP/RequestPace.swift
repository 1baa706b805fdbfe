import NIOCore

/// The request did not arrive in time. Bodies being read end with this error.
struct RequestTooSlow: Error {}

/// What the edge tells the connection's handler.
enum RequestPaceEvent: Sendable {
    /// Write `100 Continue`: the body is wanted now.
    case sendContinue
    /// From now on this request only has to keep moving.
    case keepMoving
    /// The connection is of no use once the answer that is being written has ended.
    case closeAfterAnswer
}

/// How fast one connection must be: pure state, no clock, no I/O.
///
/// A request has a deadline from its head to its end, also while an early answer has already been written. A pipelined request's begins
/// when the answer before it is written, because until then nobody reads it. A client that does not take its answer has a deadline too.
/// After an answer with `Connection: close`, and after a missed deadline, what still arrives is thrown away for a short while: closing at
/// once would destroy the answer on its way (RFC 9112 §9.6).
///
/// A request that asks for another protocol is the last one of its connection: NIO's decoder reads nothing after it and keeps what comes
/// (https://github.com/apple/swift-nio/pull/2570), so nothing is let in.
struct RequestPace {
    enum Action: Equatable {
        case none
        /// End the body with ``RequestTooSlow`` and close before long.
        case failBody
        case close
    }

    let requestMax: TimeAmount
    let stallMax: TimeAmount
    let lingerMax: TimeAmount

    /// Requests whose head came and whose answer is not written; the last one may still be arriving.
    private(set) var unanswered = 0
    /// Whether each of those is a `HEAD`, in their order.
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

    /// When ``expire(now:)`` has something to do.
    var nextDeadline: NIODeadline? {
        [self.requestDeadline, self.stallDeadline, self.lingerDeadline].compactMap(\.self).min()
    }

    /// Whether bytes may be taken from the socket.
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
        // Who is still sending may read later.
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
        // It may have been asked for before the head went out.
        self.closesAfterAnswer = self.closesAfterAnswer || closes
        self.dropsEnd = (self.heads.first ?? false) && !hasLength
    }

    /// The head has gone out without saying so.
    mutating func closeAfterAnswer() {
        guard self.unanswered > 0 else { return }
        self.closesAfterAnswer = true
    }

    /// - Returns: whether the end goes out at all (a `HEAD` of unknown length has no last chunk), and whether the connection closes after.
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
