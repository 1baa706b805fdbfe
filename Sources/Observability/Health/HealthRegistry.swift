import Contrato
import NIOConcurrencyHelpers

/// Whether this process can do its work: the state of each dependency, and whether the process is shutting down.
package final class HealthRegistry: Sendable {
    /// `nil`: healthy; else the reason, in Portuguese, without a secret in it.
    ///
    /// A check that takes longer than `checkMaxMs` counts as failed. It need not react to cancellation.
    package typealias Check = @Sendable () async -> String?

    private struct State {
        var dependencies: [MonitoredDependency] = []
        var isDraining = false
    }

    private let state = NIOLockedValueBox(State())
    private let checkMaxMs: Int

    /// - Parameter checkMaxMs: by default what leaves `/readyz` time to answer within its 2 s.
    package init(checkMaxMs: Int = 1500) {
        self.checkMaxMs = checkMaxMs
    }

    /// Adds a dependency, such as `banco`. A second one of the same name replaces the first.
    package func register(_ name: String, check: @escaping Check) {
        self.state.withLockedValue { state in
            state.dependencies.removeAll { $0.name == name }
            state.dependencies.append(MonitoredDependency(name: name, check: check))
        }
    }

    /// Reports the process as not ready from now on, so that no new work is sent to it.
    package func drain() {
        self.state.withLockedValue { $0.isDraining = true }
    }

    /// Checks all dependencies at once; returns within `checkMaxMs`, whatever the checks do.
    package func readiness() async -> Readiness {
        let (dependencies, isDraining) = self.state.withLockedValue { ($0.dependencies, $0.isDraining) }
        let checkMaxMs = self.checkMaxMs
        let reasons = await withTaskGroup(of: (Int, String?).self) { group in
            for (index, dependency) in dependencies.enumerated() {
                group.addTask { (index, await dependency.reason(maxMs: checkMaxMs)) }
            }
            return await group.reduce(into: [String?](repeating: nil, count: dependencies.count)) { $0[$1.0] = $1.1 }
        }
        return Readiness(
            isDraining: isDraining, dependencies: zip(dependencies, reasons).map { Readiness.Dependency(name: $0.name, reason: $1) })
    }
}

/// One dependency with its check, of which at most one run is active: callers during a run share its result.
private final class MonitoredDependency: Sendable {
    private struct State {
        var isRunning = false
        var nextID = 0
        var waiters: [Int: CheckedContinuation<String?, Never>] = [:]
    }

    let name: String
    private let check: HealthRegistry.Check
    private let state = NIOLockedValueBox(State())

    init(name: String, check: @escaping HealthRegistry.Check) {
        self.name = name
        self.check = check
    }

    /// The result of the check or, after `maxMs`, a reason that says that the check did not answer.
    func reason(maxMs: Int) async -> String? {
        await withCheckedContinuation { continuation in
            let (id, starts) = self.state.withLockedValue { state in
                defer { (state.isRunning, state.nextID) = (true, state.nextID + 1) }
                state.waiters[state.nextID] = continuation
                return (state.nextID, !state.isRunning)
            }
            // Unstructured on purpose: a task group would wait for a check that does not react to cancellation.
            if starts { Task { self.finish(await self.check()) } }
            Task {
                try? await Task.sleep(for: .milliseconds(maxMs))
                self.giveUp(id, maxMs: maxMs)
            }
        }
    }

    private func finish(_ reason: String?) {
        let waiters = self.state.withLockedValue { state in
            defer { (state.isRunning, state.waiters) = (false, [:]) }
            return state.waiters.values
        }
        for waiter in waiters { waiter.resume(returning: reason) }
    }

    private func giveUp(_ id: Int, maxMs: Int) {
        let waiter = self.state.withLockedValue { $0.waiters.removeValue(forKey: id) }
        waiter?.resume(returning: "sem resposta em \(maxMs) ms")
    }
}

/// The state that `/readyz` reports.
package struct Readiness: Sendable, Equatable {
    package struct Dependency: Sendable, Equatable {
        package let name: String
        /// `nil`: healthy; else the reason, in Portuguese.
        package let reason: String?
    }

    package let isDraining: Bool
    package let dependencies: [Dependency]

    package var isReady: Bool { !self.isDraining && self.dependencies.allSatisfy { $0.reason == nil } }

    /// `{"pronto":false,"encerrando":false,"dependencias":{"banco":{"pronto":false,"motivo":"…"}}}`
    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("pronto", self.isReady)
            writer.member("encerrando", self.isDraining)
            writer.object("dependencias") { writer in
                for dependency in self.dependencies {
                    writer.object(dependency.name) { writer in
                        writer.member("pronto", dependency.reason == nil)
                        writer.member("motivo", ifPresent: dependency.reason)
                    }
                }
            }
        }
        return writer.bytes
    }
}
