import Contrato
import NIOConcurrencyHelpers

/// Between the side that reads a lote and the side that answers it: the reader never waits for the client to take answers.
final class LoteAnswerQueue: Sendable {
    /// How the reading began.
    enum Beginning: Sendable {
        case answers
        /// The body is nothing that answers could be given to line by line.
        case refused(Problema)
    }

    private struct State {
        var answers = LoteAnswers()
        var beginning: Beginning?
        var isFinished = false
        var beginningWaiter: CheckedContinuation<Beginning, Never>?
        var answersWaiter: CheckedContinuation<Void, Never>?
    }

    private let state = NIOLockedValueBox(State())

    // MARK: - The reading side

    /// Decides what the whole call is answered; only the first decision counts.
    func begin(_ beginning: Beginning) {
        let waiter: CheckedContinuation<Beginning, Never>? = self.state.withLockedValue { state in
            guard state.beginning == nil else { return nil }
            state.beginning = beginning
            defer { state.beginningWaiter = nil }
            return state.beginningWaiter
        }
        waiter?.resume(returning: beginning)
    }

    func append(_ outcomes: some Sequence<LoteOutcome>) {
        self.wake { state in
            for outcome in outcomes { state.answers.append(outcome) }
        }
    }

    /// Nothing more comes.
    func finish() {
        self.begin(.answers)
        self.wake { $0.isFinished = true }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiter = self.state.withLockedValue { state in
            change(&state)
            defer { state.answersWaiter = nil }
            return state.answersWaiter
        }
        waiter?.resume()
    }

    // MARK: - The answering side

    func beginning() async -> Beginning {
        await withCheckedContinuation { continuation in
            let known: Beginning? = self.state.withLockedValue { state in
                if state.beginning == nil { state.beginningWaiter = continuation }
                return state.beginning
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// The next outcomes, at most so many; nil after the last. Returns as soon as there is one.
    func next(max: Int) async -> [LoteOutcome]? {
        while true {
            let (outcomes, isFinished) = self.state.withLockedValue { state in
                var outcomes: [LoteOutcome] = []
                while outcomes.count < max, let outcome = state.answers.next() { outcomes.append(outcome) }
                return (outcomes, state.isFinished)
            }
            if !outcomes.isEmpty { return outcomes }
            if isFinished { return nil }
            await withCheckedContinuation { continuation in
                let isReady = self.state.withLockedValue { state in
                    if state.answers.isEmpty, !state.isFinished { state.answersWaiter = continuation }
                    return state.answersWaiter == nil
                }
                if isReady { continuation.resume() }
            }
        }
    }
}
