package import Logging
import Metrics
import NIOConcurrencyHelpers
package import Observability
import ServiceLifecycle

/// Counts the work that a part has begun and finished.
package final class WorkMeter: Sendable {
    private struct State {
        var open = 0
        var finished: UInt64 = 0
    }

    private let state = NIOLockedValueBox(State())

    package init() {}

    package func began() {
        self.state.withLockedValue { $0.open += 1 }
    }

    package func finished() {
        self.state.withLockedValue { state in
            state.open -= 1
            state.finished += 1
        }
    }

    /// How much is begun and not finished, and how much was finished since the start.
    var reading: (open: Int, finished: UInt64) {
        self.state.withLockedValue { ($0.open, $0.finished) }
    }
}

/// Whether a part stands still: it has begun work and finishes none. It does no I/O.
struct StallState: Sendable {
    typealias Instant = ContinuousClock.Instant

    private var lastFinished: UInt64 = 0
    private var stillSince: Instant?

    /// - Returns: for how long nothing was finished although work is open; nil if there was progress or no work since the last look.
    mutating func look(open: Int, finished: UInt64, now: Instant) -> Duration? {
        if open == 0 || finished != self.lastFinished { self.stillSince = nil }
        self.lastFinished = finished
        guard open > 0 else { return nil }
        guard let stillSince else {
            self.stillSince = now
            return nil
        }
        return now - stillSince
    }

    /// Something outside the part keeps it from going on: its time begins again.
    mutating func hindered() {
        self.stillSince = nil
    }
}

/// Finds parts that stand still although everything they need answers, which only a fault of this program can cause.
///
/// Such a part is logged and measured after a minute and ends the process after five: a new process begins with what the database and the
/// broker hold, so nothing is lost, and its supervisor starts it. Readiness stays as it is: the other parts, above all the registration of
/// entries, work.
package final class StallWatchdog: Service {
    /// The limits of the watchdog.
    package struct Limits: Sendable {
        var lookInterval: Duration = .seconds(5)
        /// Longer than any single wait of a part: for a confirm, an answer, or a lock.
        var reportAfter: Duration = .seconds(60)
        var endAfter: Duration = .seconds(300)

        package init() {}
    }

    /// A part that is watched.
    package struct Part: Sendable {
        let name: String
        let work: WorkMeter
        let isFree: @Sendable () async -> Bool

        /// - Parameters:
        ///   - name: in the log and in the metric's label `part`.
        ///   - isFree: whether everything that the part needs answers.
        package init(_ name: String, work: WorkMeter, isFree: @escaping @Sendable () async -> Bool) {
            self.name = name
            self.work = work
            self.isFree = isFree
        }
    }

    /// A part has stood still for too long.
    package struct Stalled: Error, CustomStringConvertible {
        let part: String
        package var description: String { "the \(self.part) stands still" }
    }

    /// Help and types of the watchdog's metrics.
    package static let metrics = [
        MetricDescription.gauge("part_stalled", "1 while a part stands still although database and broker answer.")
    ]

    private let parts: [Part]
    private let limits: Limits
    private let logger: Logger
    private let sleep: @Sendable (Duration) async throws -> ContinuousClock.Instant

    /// - Parameter sleep: returns the time after a pause.
    package init(
        _ parts: [Part], limits: Limits = Limits(), logger: Logger,
        sleep: @escaping @Sendable (Duration) async throws -> ContinuousClock.Instant = {
            try await Task.sleep(for: $0)
            return .now
        }
    ) {
        self.parts = parts
        self.limits = limits
        self.logger = logger
        self.sleep = sleep
    }

    /// Watches until graceful shutdown.
    /// - Throws: ``Stalled``.
    package func run() async throws {
        let result = await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Stalled?.self) { group in
                for part in self.parts { group.addTask { await self.watch(part) } }
                defer { group.cancelAll() }
                for await result in group where result != nil { return result }
                return nil
            }
        }
        if let result { throw result }
    }

    /// - Returns: nil if the task was cancelled.
    private func watch(_ part: Part) async -> Stalled? {
        let gauge = Gauge(label: "part_stalled", dimensions: [("part", part.name)])
        var state = StallState()
        var isReported = false
        gauge.record(0)
        while let now = try? await self.sleep(self.limits.lookInterval) {
            let (open, finished) = part.work.reading
            let still = state.look(open: open, finished: finished, now: now) ?? .zero
            var isStalled = still >= self.limits.reportAfter
            if isStalled, await !part.isFree() {
                state.hindered()
                isStalled = false
            }
            if isStalled != isReported {
                isReported = isStalled
                gauge.record(isStalled ? 1 : 0)
                self.log(part, open, isStalled: isStalled)
            }
            if isStalled, still >= self.limits.endAfter {
                self.logger.critical("part stands still, ending the process", metadata: ["part": "\(part.name)"])
                return Stalled(part: part.name)
            }
        }
        return nil
    }

    private func log(_ part: Part, _ open: Int, isStalled: Bool) {
        let metadata: Logger.Metadata = ["part": "\(part.name)", "open": "\(open)"]
        if isStalled {
            self.logger.error("part stands still although database and broker answer", metadata: metadata)
        } else {
            self.logger.info("part no longer stands still", metadata: metadata)
        }
    }
}
