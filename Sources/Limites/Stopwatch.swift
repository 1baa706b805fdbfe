/// How much was done in how long.
struct Measured: Sendable {
    let operations: Int
    let seconds: Double

    /// Operations a second.
    var rate: Double { Double(self.operations) / self.seconds }
}

/// Runs work on several connections at once and counts what it does.
enum Stopwatch {
    /// Repeats a piece of work on each connection for a time.
    /// - Parameter work: one piece; returns how many operations it was.
    static func measure<State: Sendable>(
        for duration: Duration, states: [State], work: @escaping @Sendable (inout State) async throws -> Int
    ) async throws -> Measured {
        let start = ContinuousClock.now
        let operations = try await withThrowingTaskGroup(of: Int.self) { group in
            for state in states {
                group.addTask {
                    var state = state
                    var operations = 0
                    while .now - start < duration { operations += try await work(&state) }
                    return operations
                }
            }
            return try await group.reduce(0, +)
        }
        return Measured(operations: operations, seconds: (.now - start) / .seconds(1))
    }

    /// Works through a list, each piece on the connection that is free.
    /// - Parameter work: one piece, which is as many operations as it has elements.
    static func measure<Element: Sendable>(
        through pieces: [[Element]], connections: Int, work: @escaping @Sendable ([Element]) async throws -> Void
    ) async throws -> Measured {
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for connection in 0..<connections {
                group.addTask {
                    for position in stride(from: connection, to: pieces.count, by: connections) { try await work(pieces[position]) }
                }
            }
            try await group.waitForAll()
        }
        return Measured(operations: pieces.reduce(0) { $0 + $1.count }, seconds: (.now - start) / .seconds(1))
    }
}
