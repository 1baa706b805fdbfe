import NIOCore

/// The request did not arrive in time. Bodies being read end with this error.
struct RequestTooSlow: Error {}

/// What the answer to a request depends on.
struct AskedRequest: Equatable {
    var isHEAD = false
    /// The client understands neither a chunked body nor `100 Continue`.
    var isHTTP10 = false
    /// Whether the client wants to send further requests on the connection.
    var keepsConnection = true
    /// What follows would be parsed as another protocol.
    var isUpgrade = false
}

/// How an answer is sent.
struct AnswerForm: Equatable {
    /// Without a length the body ends with the connection.
    var isHTTP10 = false
    /// The value of `Connection`; `nil`: the default of HTTP/1.1, which is to stay open.
    var connection: String?
}

/// The deadlines of one connection, and when it ends: pure state, no clock, no I/O.
///
/// An answer after which the connection ends has the header `Connection: close` if that is known when its head is written (RFC 9112 §9.6):
/// a proxy would send its next request on the connection and lose it. At shutdown a connection without a request stays open for a short
/// time, and the answer to a request that arrives meanwhile is its last one: closing at once would meet a request that is on its way.
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
    /// For a connection without a request, and for a client that reads nothing.
    let idleMax: TimeAmount
    let lingerMax: TimeAmount
    /// For a connection without a request during shutdown.
    let drainIdleMax: TimeAmount

    /// Requests with a head and without a complete answer, in order; the last one may still be arriving.
    private var asked: [AskedRequest] = []
    private var hadRequest = false
    private var isReading = false
    private var isMoving = false
    /// The head of an answer is written and its end is not.
    private var isAnswering = false
    private var isDraining = false
    private(set) var isDiscarding = false
    private var isLastRequest = false
    private var closesAfterAnswer = false
    private var dropsEnd = false

    private var requestDeadline: NIODeadline?
    private var stallDeadline: NIODeadline?
    private var lingerDeadline: NIODeadline?
    private var idleDeadline: NIODeadline?

    init(
        requestMax: TimeAmount, idleMax: TimeAmount, lingerMax: TimeAmount = .seconds(5), drainIdleMax: TimeAmount = .seconds(1)
    ) {
        self.requestMax = requestMax
        self.idleMax = idleMax
        self.lingerMax = lingerMax
        self.drainIdleMax = drainIdleMax
    }

    /// The next time at which ``expire(now:)`` acts.
    var nextDeadline: NIODeadline? {
        var next = NIODeadline.distantFuture
        if let deadline = self.requestDeadline { next = min(next, deadline) }
        if let deadline = self.stallDeadline { next = min(next, deadline) }
        if let deadline = self.lingerDeadline { next = min(next, deadline) }
        if let deadline = self.idleDeadline { next = min(next, deadline) }
        return next == .distantFuture ? nil : next
    }

    /// What the connection is used for.
    var use: ConnectionUse {
        if self.stallDeadline != nil { return .stalled }
        if !self.asked.isEmpty { return .busy }
        return self.hadRequest ? .idle : .new
    }

    /// Whether `100 Continue` may be written: an HTTP/1.0 client would take it for the answer (RFC 9110 §15.2).
    var mayContinue: Bool { self.asked.last?.isHTTP10 == false }

    /// Whether the socket may be read.
    var mayRead: Bool { self.isReading || !self.isLastRequest }

    // MARK: - Reading

    mutating func opened(now: NIODeadline) {
        self.idleDeadline = now + self.idleMax
    }

    /// - Returns: whether the request is to be handled. After the last request of a connection all input is dropped.
    mutating func readHead(_ request: AskedRequest = AskedRequest(), now: NIODeadline) -> Bool {
        guard self.asked.last?.keepsConnection != false, self.asked.isEmpty || !self.isDraining else {
            self.isDiscarding = true
            return false
        }
        self.isLastRequest = request.isUpgrade
        self.asked.append(request)
        self.hadRequest = true
        self.isReading = true
        self.isMoving = false
        self.idleDeadline = nil
        self.requestDeadline = self.asked.count == 1 ? now + self.requestMax : nil
        return true
    }

    /// A head was not acceptable. The answer to it closes the connection, as long as there is one within the time of a request.
    mutating func refuseHead(now: NIODeadline) {
        self.isDiscarding = true
        self.idleDeadline = nil
        if self.asked.isEmpty { self.requestDeadline = now + self.requestMax }
    }

    mutating func readBody(now: NIODeadline) {
        guard self.isMoving else { return }
        self.requestDeadline = now + self.requestMax
        // A client that is still sending may read later.
        if self.stallDeadline != nil { self.stallDeadline = now + self.idleMax }
    }

    mutating func readEnd(now: NIODeadline) {
        self.isReading = false
        self.requestDeadline = nil
        if self.asked.isEmpty { self.startIdle(now: now) }
    }

    mutating func keepMoving(now: NIODeadline) {
        // The event is from another thread: the request may be complete by now, or another one may have begun.
        guard self.isReading, self.asked.count == 1 else { return }
        self.isMoving = true
        self.requestDeadline = now + self.requestMax
    }

    // MARK: - Writing

    /// - Parameters:
    ///   - hasLength: `Content-Length` is declared.
    ///   - hasBody: the status allows one.
    ///   - closes: the head says `Connection: close`.
    mutating func writeHead(hasLength: Bool, hasBody: Bool = true, closes: Bool) -> AnswerForm {
        // Input that is no request has no entry and is answered all the same.
        let request = self.asked.first ?? AskedRequest()
        let endsWithConnection = request.isHTTP10 && hasBody && !hasLength && !request.isHEAD
        let isLast = !request.keepsConnection || (self.isDraining && self.asked.count <= 1)
        if closes || isLast || endsWithConnection { self.closesAfterAnswer = true }
        self.isAnswering = true
        self.dropsEnd = request.isHEAD && !hasLength
        return AnswerForm(
            isHTTP10: request.isHTTP10, connection: self.closesAfterAnswer ? "close" : request.isHTTP10 ? "keep-alive" : nil)
    }

    /// The answer that is being written, or the next one, is the last of the connection.
    mutating func closeAfterAnswer() {
        guard !self.asked.isEmpty else { return }
        self.closesAfterAnswer = true
    }

    /// - Returns: whether the end is written at all (a `HEAD` of unknown length has no last chunk), and whether the connection closes then.
    mutating func writeEnd(now: NIODeadline) -> (writesEnd: Bool, closes: Bool) {
        if !self.asked.isEmpty { self.asked.removeFirst() }
        self.isAnswering = false
        if self.isReading, self.asked.count == 1, self.requestDeadline == nil { self.requestDeadline = now + self.requestMax }
        if self.closesAfterAnswer {
            // The client may read slowly what the socket has not accepted yet.
            self.discard(until: now + self.idleMax)
        } else if self.asked.isEmpty, !self.isReading {
            self.startIdle(now: now)
        }
        return (!self.dropsEnd, self.closesAfterAnswer)
    }

    /// The socket has accepted the last answer.
    mutating func lastAnswerSent(now: NIODeadline) {
        let deadline = now + self.lingerMax
        self.lingerDeadline = self.lingerDeadline.map { min($0, deadline) } ?? deadline
    }

    // MARK: - Shutdown

    /// The service ends.
    mutating func drain(now: NIODeadline) {
        guard !self.isDraining, !self.isDiscarding else { return }
        self.isDraining = true
        if self.asked.isEmpty {
            self.startIdle(now: now)
        } else if self.asked.count == 1, self.isAnswering {
            self.closesAfterAnswer = true
        }
    }

    mutating func writability(_ isWritable: Bool, now: NIODeadline) {
        if isWritable {
            self.stallDeadline = nil
        } else if self.stallDeadline == nil {
            self.stallDeadline = now + self.idleMax
        }
    }

    // MARK: - Time

    mutating func expire(now: NIODeadline) -> Action {
        if let deadline = self.lingerDeadline, deadline <= now { return .close }
        if let deadline = self.stallDeadline, deadline <= now { return .close }
        if let deadline = self.idleDeadline, deadline <= now { return .close }
        guard let deadline = self.requestDeadline, deadline <= now else { return .none }
        let answered = self.asked.isEmpty
        self.discard(until: now + self.lingerMax)
        return answered ? .close : .failBody
    }

    private mutating func startIdle(now: NIODeadline) {
        self.idleDeadline = now + (self.isDraining ? self.drainIdleMax : self.idleMax)
    }

    private mutating func discard(until deadline: NIODeadline) {
        self.isDiscarding = true
        self.requestDeadline = nil
        self.idleDeadline = nil
        if self.lingerDeadline == nil { self.lingerDeadline = deadline }
    }
}
