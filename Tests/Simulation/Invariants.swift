import FluxoDeCaixa
import Lancamentos

/// What holds in every life, whatever fails. The first breach ends the life.
enum Invariant: String, CaseIterable {
    /// Every acknowledged entry is committed when it is acknowledged, and in the balances exactly once when the world is calm.
    case acknowledgedOnce
    /// The balances are the sums of the registered entries. An entry is registered only for a request that may have registered it.
    case nothingUnexpected
    /// An answer "certainly not registered", or a look-up that finds nothing and counts, is never followed by its entry.
    case notRegisteredIsFinal
    /// One key, and one reversed entry, registers one entry; its answers have its content.
    case oneEntryPerKey
    /// A process deletes an outbox row only after the broker has confirmed the event to it.
    case confirmedBeforeDeleted
    /// A message is acknowledged only after its entry is committed in the balances, or its letter is confirmed in the dead letter queue.
    case appliedBeforeSettled
    /// What can never be applied ends in the dead letter queue, and nothing else does.
    case lettersAreForeign
    /// The version of an account never falls, from one reader's point of view, and an awaited entry is in the balance that is read.
    case versionNeverFalls
    /// Every request is answered within its bound, whatever stands still.
    case answeredInTime
    /// When nothing fails any more, every event is confirmed, applied and acknowledged within a bound.
    case calmInTime
    /// Batches, queues and concurrent calls keep within their limits.
    case bounded
}

/// A breach of an invariant.
struct Violation: Error, CustomStringConvertible {
    let invariant: Invariant
    let detail: String
    let at: Duration

    var description: String { "\(self.invariant.rawValue) after \(self.at): \(self.detail)" }
}

/// What clients asked for and were answered, compared with what the databases hold.
final class Ledger: @unchecked Sendable {
    /// Identifies one attempt of one entry. It travels with the entry into the database.
    typealias Mark = String

    enum Outcome {
        /// Not answered, or with an unknown outcome.
        case open
        case acknowledged(LancamentoID)
        case notRegistered
        /// Looked up, not found, and the answer counts.
        case denied
    }

    private struct Attempt {
        let number: Int
        let claim: String?
        var outcome = Outcome.open
        /// Its statement met an open transaction that may have the same claim.
        var metOpen = false
    }

    private let runtime: Runtime
    private var attempts: [Mark: Attempt] = [:]
    private(set) var committedMarks: [Mark: LancamentoID] = [:]
    private var committedClaims: [String: Mark] = [:]
    /// Claims that a process answered as not registered after it had answered them with an unknown outcome, and the attempts until then.
    private var closedClaims: [String: Int] = [:]
    private(set) var acknowledged: [LancamentoID: Lancamento] = [:]
    private(set) var violation: Violation?

    init(runtime: Runtime) {
        self.runtime = runtime
    }

    static func mark(_ trace: String?, _ referencia: String?) -> Mark { "\(trace ?? "-")/\(referencia ?? "-")" }

    func report(_ invariant: Invariant, _ detail: @autoclosure () -> String) {
        guard self.violation == nil else { return }
        self.violation = Violation(invariant: invariant, detail: detail(), at: self.runtime.elapsed)
        self.runtime.note("VIOLATION \(invariant.rawValue): \(detail())")
    }

    func expect(_ condition: Bool, _ invariant: Invariant, _ detail: @autoclosure () -> String) {
        if !condition { self.report(invariant, detail()) }
    }

    // MARK: - Requests and answers

    /// - Parameter claim: the account and key, or the reversed entry.
    func began(_ mark: Mark, claim: String?) {
        self.attempts[mark] = Attempt(number: self.attempts.count, claim: claim)
    }

    func metOpen(_ mark: Mark) { self.attempts[mark]?.metOpen = true }

    /// - Parameters:
    ///   - unknownClaims: those that the answering process answered with an unknown outcome before.
    ///   - openClaims: those of open transactions.
    func notRegistered(_ mark: Mark, unknownClaims: Set<String>, openClaims: Set<String>) {
        self.refused(mark)
        guard let attempt = self.attempts[mark] else { return }
        guard let claim = attempt.claim, attempt.metOpen || unknownClaims.contains(claim) else { return }
        self.expect(
            self.committedClaims[claim] == nil && !openClaims.contains(claim), .notRegisteredIsFinal,
            "\(mark) is answered as not registered while an earlier attempt of \(claim) is registered or open")
        if unknownClaims.contains(claim) { self.closedClaims[claim] = self.attempts.count }
    }

    /// The attempt is certainly not registered. Another of its claim may be.
    func refused(_ mark: Mark) {
        self.expect(self.committedMarks[mark] == nil, .notRegisteredIsFinal, "\(mark) is registered and was answered as not registered")
        self.attempts[mark]?.outcome = .notRegistered
    }

    func denied(_ mark: Mark) {
        self.expect(self.committedMarks[mark] == nil, .notRegisteredIsFinal, "\(mark) is registered and a look-up finds nothing")
        self.attempts[mark]?.outcome = .denied
    }

    /// - Parameter isCommitted: whether the database holds the entry now.
    func acknowledged(_ mark: Mark, _ entry: Lancamento, isCommitted: Bool) {
        self.expect(isCommitted, .acknowledgedOnce, "\(mark) is acknowledged as \(entry.id), which is not committed")
        self.attempts[mark]?.outcome = .acknowledged(entry.id)
        self.acknowledged[entry.id] = entry
    }

    // MARK: - The database

    func committed(_ registration: Registration, claims: [String]) {
        let entry = registration.lancamento
        let mark = Self.mark(registration.traceparent, entry.referencia)
        self.runtime.note("committed \(mark) \(entry.id)")
        guard let attempt = self.attempts[mark] else {
            return self.report(.nothingUnexpected, "the entry \(entry.id) of no request is registered")
        }
        self.expect(
            self.committedMarks[mark] == nil, .nothingUnexpected, "\(mark) is registered twice, as \(entry.id) too")
        self.committedMarks[mark] = entry.id
        switch attempt.outcome {
        case .open: break
        case .acknowledged(let id):
            self.expect(id == entry.id, .oneEntryPerKey, "\(mark) is registered as \(entry.id) and was answered with \(id)")
        case .notRegistered: self.report(.notRegisteredIsFinal, "\(mark) was answered as not registered and is registered now")
        case .denied: self.report(.notRegisteredIsFinal, "\(mark) was not found by a look-up that counts and is registered now")
        }
        for claim in claims {
            if let other = self.committedClaims[claim] { self.report(.oneEntryPerKey, "\(claim) is registered by \(other) and \(mark)") }
            self.committedClaims[claim] = mark
            if let closed = self.closedClaims[claim], attempt.number < closed {
                self.report(.notRegisteredIsFinal, "\(claim) was answered as not registered and is registered by \(mark) now")
            }
        }
    }
}
