import Batching
import SeededRandom
import SimulatedRuntime

/// Runs the jobs of the Swift runtime on one thread, in an order that follows from a seed, on a clock that moves only here.
///
/// Every class of the simulation is `@unchecked Sendable` for the reason that holds for this one: the hooks of the C target bring every job
/// of the process to ``run(until:)``, so that a single thread ever touches their state.
final class Runtime: @unchecked Sendable {
    private enum Work {
        case job(UnsafeMutableRawPointer)
        case call(() -> Void)
    }

    private struct Timer {
        let at: Int64
        let work: Work
    }

    /// The runtime that receives the jobs. The hooks are C functions, which capture nothing. Only the simulation's thread uses it.
    private nonisolated(unsafe) static var current: Runtime?

    /// Far from the time 0, as every real clock is.
    private static let start: Int64 = 1_000_000_000_000_000
    /// The longest simulated duration of one job.
    private static let jobMaxNs: UInt64 = 20_000

    /// In nanoseconds.
    private(set) var now: Int64 = Runtime.start
    /// The number of jobs and calls so far.
    private(set) var steps = 0
    /// Follows from every step. Equal lives have equal hashes.
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    /// Receives a line for each event, if there is one.
    private let tracer: ((String) -> Void)?

    private var random: SeededGenerator
    /// How many of the jobs that can run the next one is chosen from. 1 is the order of arrival.
    private let width: Int
    private var ready: [Work] = []
    /// The latest first.
    private var timers: [Timer] = []

    init(seed: UInt64, tracer: ((String) -> Void)? = nil) {
        var random = SeededGenerator(seed: seed)
        self.width = [1, 2, 4, Int.max].randomElement(using: &random) ?? 1
        self.random = random
        self.tracer = tracer
        Self.current = self
        simulated_runtime_set_time(self.now)
        simulated_runtime_install(
            { job in Runtime.current?.ready.append(.job(job)) },
            { at, job in Runtime.current?.add(.job(job), at: at) })
    }

    /// Gives the process its real clocks back. What has not run never will.
    func end() {
        Self.current = nil
        simulated_runtime_set_time(-1)
    }

    /// Since the start of the life.
    var elapsed: Duration { .nanoseconds(self.now - Self.start) }

    /// Calls `body` after a delay.
    func after(_ delay: Duration, _ body: @escaping () -> Void) {
        self.add(.call(body), at: self.now + delay.nanoseconds)
    }

    /// Returns after a delay, whether or not the task is cancelled.
    func pause(_ delay: Duration) async {
        await withUnsafeContinuation { continuation in self.after(delay) { continuation.resume() } }
    }

    /// Adds an event to the hash and to the trace.
    func note(_ event: @autoclosure () -> String, _ value: Int64 = 0) {
        self.mix(UInt64(bitPattern: value))
        guard let tracer = self.tracer else { return }
        tracer("\(self.elapsed) \(event())")
    }

    /// Runs jobs, and moves the clock when none can run, until a condition holds.
    /// - Returns: false if nothing is left to run, or the clock would pass `limit`.
    func run(limit: Duration, until isDone: () -> Bool) -> Bool {
        while !isDone() {
            while let next = self.timers.last, next.at <= self.now {
                self.timers.removeLast()
                self.ready.append(next.work)
            }
            if self.ready.isEmpty {
                guard let next = self.timers.last, .nanoseconds(next.at - Self.start) <= limit else { return false }
                self.setTime(next.at)
                continue
            }
            self.step()
        }
        return true
    }

    private func step() {
        let choices = min(self.ready.count, self.width)
        let index = choices == 1 ? 0 : Int(self.random.next() % UInt64(choices))
        let work = self.ready.remove(at: index)
        self.steps += 1
        self.setTime(self.now + Int64(self.random.next() % Self.jobMaxNs))
        self.mix(UInt64(index))
        switch work {
        case .job(let job): simulated_runtime_run(job)
        case .call(let body): body()
        }
    }

    private func setTime(_ time: Int64) {
        self.now = time
        self.mix(UInt64(bitPattern: time))
        simulated_runtime_set_time(time)
    }

    private func add(_ work: Work, at time: Int64) {
        // Most timers are the next to run, so the search begins at the end.
        var index = self.timers.count
        while index > 0, self.timers[index - 1].at <= time { index -= 1 }
        self.timers.insert(Timer(at: time, work: work), at: index)
    }

    /// FNV-1a, eight bytes at a time.
    private func mix(_ value: UInt64) {
        self.hash = (self.hash ^ value) &* 0x0000_0100_0000_01B3
    }
}

/// The timers and workers of the write batcher.
extension Runtime: BatchScheduler {
    func schedule(in delay: Duration, _ body: @escaping @Sendable () -> Void) { self.after(delay, body) }

    func nextExecutor() -> (any TaskExecutor)? { nil }
}

/// A value that arrives once.
final class Promise<Value: Sendable>: @unchecked Sendable {
    private var value: Value?
    private var waiter: UnsafeContinuation<Value, Never>?

    var isFulfilled: Bool { self.value != nil }

    /// Only the first value counts.
    func fulfil(_ value: Value) {
        guard self.value == nil else { return }
        self.value = value
        self.waiter?.resume(returning: value)
        self.waiter = nil
    }

    /// Returns the value once it is there. One task may wait.
    func get() async -> Value {
        if let value = self.value { return value }
        return await withUnsafeContinuation { self.waiter = $0 }
    }
}

/// The random choices of the world, apart from those of the runtime.
final class Dice: @unchecked Sendable {
    private var random: SeededGenerator

    init(seed: UInt64) {
        self.random = SeededGenerator(seed: seed)
    }

    func chance(_ probability: Double) -> Bool { probability > 0 && Double.random(in: 0..<1, using: &self.random) < probability }

    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self.random) }

    /// Short durations are as frequent as long ones, by their order of magnitude.
    func duration(_ shortest: Duration, _ longest: Duration) -> Duration {
        let (low, high) = (max(1, shortest.nanoseconds), max(2, longest.nanoseconds))
        let bits = Int.random(in: (64 - low.leadingZeroBitCount)...(64 - high.leadingZeroBitCount), using: &self.random)
        let value = Int64.random(in: (1 << (bits - 1))...((1 << bits) - 1), using: &self.random)
        return .nanoseconds(min(max(value, low), high))
    }

    func pick<Value>(_ values: [Value]) -> Value { values[self.number(0...(values.count - 1))] }

    func shuffled<Value>(_ values: [Value]) -> [Value] { values.shuffled(using: &self.random) }

    /// A generator that follows from this one.
    func generator() -> SeededGenerator { SeededGenerator(seed: self.random.next()) }
}

extension Duration {
    var nanoseconds: Int64 { self.components.seconds * 1_000_000_000 + self.components.attoseconds / 1_000_000_000 }
}
