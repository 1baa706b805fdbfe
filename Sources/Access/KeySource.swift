/// A source of key set documents.
protocol KeySource: Sendable {
    /// Its name in the log.
    var name: String { get }
    /// How often it is read.
    var limits: RefreshSchedule.Limits { get }

    /// The whole document.
    func read() async throws(KeySourceError) -> [UInt8]
}

/// Why a key set document could not be read.
enum KeySourceError: Error, Equatable, CustomStringConvertible {
    case noRegularFile
    case unreadable
    case tooLarge(maxBytes: Int)
    case status(Int)
    case noAnswer(within: Duration)
    case connection(String)

    var description: String {
        switch self {
        case .noRegularFile: "there is no such file"
        case .unreadable: "the file cannot be read"
        case .tooLarge(let maxBytes): "longer than \(maxBytes) bytes"
        case .status(let status): "answered \(status) instead of 200"
        case .noAnswer(let max): "no whole answer within \(max)"
        case .connection(let reason): reason
        }
    }
}

/// When a key set is read again: pure state, no clock, no I/O.
///
/// Reads are regular while they succeed and back off while they fail. A token with an unknown `kid` may cause an extra read, because a new
/// key is often used before the next regular one; invented `kid`s cannot make extra reads more frequent than `askedMin`.
struct RefreshSchedule {
    struct Limits {
        /// Between reads that succeed.
        var interval: Duration
        /// Wait after the first failure; it doubles with each further one.
        var retryMin: Duration
        var retryMax: Duration
        /// Between the end of a read and an extra one.
        var askedMin: Duration
    }

    private let limits: Limits
    /// When the next regular read is due.
    private(set) var due: ContinuousClock.Instant
    /// Failed reads since the last success.
    private(set) var failures = 0
    private var lastLook: ContinuousClock.Instant?

    /// The first read is due at once.
    init(_ limits: Limits, now: ContinuousClock.Instant) {
        self.limits = limits
        self.due = now
    }

    mutating func looked(succeeded: Bool, now: ContinuousClock.Instant) {
        self.lastLook = now
        if succeeded {
            self.failures = 0
            self.due = now + self.limits.interval
        } else {
            let doubled = self.limits.retryMin * (1 << min(self.failures, 16))
            self.failures += 1
            self.due = now + min(doubled, self.limits.retryMax)
        }
    }

    /// Whether an extra read is allowed now. While the source fails, only regular reads happen.
    func mayAsk(now: ContinuousClock.Instant) -> Bool {
        guard let lastLook = self.lastLook else { return true }
        return self.failures == 0 && now - lastLook >= self.limits.askedMin
    }
}
