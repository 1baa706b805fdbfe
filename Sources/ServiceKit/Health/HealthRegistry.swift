import NIOConcurrencyHelpers

/// Whether this process can do its work: the named dependencies' own words, and whether it is on its way out.
package final class HealthRegistry: Sendable {
    /// `nil`: well; else why not, in Portuguese, without a secret in it.
    ///
    /// It should look at what is known already instead of asking the dependency, and must end when it is cancelled: it is given
    /// `checkMaxMs` and counts as failed after.
    package typealias Check = @Sendable () async -> String?

    private struct State {
        var checks: [(name: String, check: Check)] = []
        var isDraining = false
    }

    private let state = NIOLockedValueBox(State())
    private let checkMaxMs: Int

    package init(checkMaxMs: Int = 2000) {
        self.checkMaxMs = checkMaxMs
    }

    /// Adds a dependency, such as `banco`. Names are unique; a second one of the same name replaces the first.
    package func register(_ name: String, check: @escaping Check) {
        self.state.withLockedValue { state in
            state.checks.removeAll { $0.name == name }
            state.checks.append((name, check))
        }
    }

    /// From now on the process is not ready: no new work should come.
    package func drain() {
        self.state.withLockedValue { $0.isDraining = true }
    }

    /// Asks all dependencies at once.
    package func readiness() async -> Readiness {
        let (checks, isDraining) = self.state.withLockedValue { ($0.checks, $0.isDraining) }
        let checkMaxMs = self.checkMaxMs
        let found = await withTaskGroup(of: (Int, String?).self) { group in
            for (index, entry) in checks.enumerated() {
                group.addTask { (index, await Self.run(entry.check, maxMs: checkMaxMs)) }
            }
            return await group.reduce(into: [String?](repeating: nil, count: checks.count)) { $0[$1.0] = $1.1 }
        }
        let dependencies = zip(checks, found).map { Readiness.Dependency(name: $0.name, reason: $1) }
        return Readiness(isDraining: isDraining, dependencies: dependencies)
    }

    private static func run(_ check: @escaping Check, maxMs: Int) async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask { await check() }
            group.addTask {
                do {
                    try await Task.sleep(for: .milliseconds(maxMs))
                } catch {
                    // Cancelled: the check was faster, and its answer is taken.
                }
                return "sem resposta em \(maxMs) ms"
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }
}
