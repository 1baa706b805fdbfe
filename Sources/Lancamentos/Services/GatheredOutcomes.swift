import NIOConcurrencyHelpers

/// Waits for the outcomes of several entries, which come one by one and from different batches.
final class GatheredOutcomes: Sendable {
    private struct State {
        var outcomes: [WriteBatcher.Outcome?]
        var missing: Int
    }

    private let state: NIOLockedValueBox<State>
    private let complete: @Sendable ([WriteBatcher.Outcome]) -> Void

    /// - Parameter complete: called once, with all of them in order.
    init(count: Int, complete: @escaping @Sendable ([WriteBatcher.Outcome]) -> Void) {
        self.state = NIOLockedValueBox(State(outcomes: Array(repeating: nil, count: count), missing: count))
        self.complete = complete
    }

    /// The outcome of the entry at a position; the first one counts.
    func deliver(_ outcome: WriteBatcher.Outcome, at position: Int) {
        let all: [WriteBatcher.Outcome]? = self.state.withLockedValue { state in
            guard state.outcomes[position] == nil else { return nil }
            state.outcomes[position] = outcome
            state.missing -= 1
            return state.missing == 0 ? state.outcomes.compactMap(\.self) : nil
        }
        if let all { self.complete(all) }
    }
}
