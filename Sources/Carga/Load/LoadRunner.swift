import Foundation
import NIOCore

struct Target: Sendable {
    var lancamentos: HTTPAddress
    /// Instances, used in turn.
    var consolidados: [HTTPAddress]
    var token: Token
}

struct LoadSpec: Sendable {
    var plan: EntryPlan
    var ledger: Ledger
    /// 0 for none.
    var writesPerSecond = 0.0
    var readsPerSecond = 0.0
    /// Whether a quarter of the reads are of a period instead of a day.
    var readsPeriods = true
    var times: LoadTimes
    /// Whether a share of the entries is followed until a balance contains them.
    var followsEntries = true
    /// Connections to one instance, for writes and for reads each.
    var connectionsMax = 256
}

struct LoadResult: Sendable {
    var writes: StreamMeasures?
    var reads: StreamMeasures?
    var visible: VisibleMeasures?
    var ledger: Ledger
    /// Processor time of carga itself.
    var ownCPU: Duration
    var wall: Duration

    var streams: [StreamMeasures] { [self.writes, self.reads].compactMap { $0 } }
}

/// Runs periods of load, each on new connections.
struct LoadRunner: Sendable {
    var target: Target
    let eventLoop: any EventLoop

    private struct Run {
        let loop: OpenLoop
        let writes: LoadStream?
        let reads: LoadStream?
        let traffic: WriteTraffic?
        let probe: VisibleProbe?
    }

    /// - Parameter onSecond: called on the event loop.
    /// - Throws: `CancellationError`, after dropping the requests in flight.
    func run(_ spec: LoadSpec, onSecond: @escaping @Sendable (LoadProgress) -> Void) async throws -> LoadResult {
        let clock = ContinuousClock()
        let (begin, cpu) = (clock.now, CPUTime.used())
        let run = try await self.eventLoop.submit { NIOLoopBound(self.make(spec, onSecond), eventLoop: self.eventLoop) }.get()
        var result = try await withTaskCancellationHandler {
            try await self.eventLoop.flatSubmit { run.value.loop.run() }.get()
            return try await self.eventLoop.submit { Self.result(run.value, spec.ledger) }.get()
        } onCancel: {
            self.eventLoop.execute { run.value.loop.stop() }
        }
        try Task.checkCancellation()
        result.ownCPU = CPUTime.used() - cpu
        result.wall = clock.now - begin
        return result
    }

    private func make(_ spec: LoadSpec, _ onSecond: @escaping @Sendable (LoadProgress) -> Void) -> Run {
        let limits = ConnectionPool.Limits(connectionsMax: spec.connectionsMax)
        let token = self.target.token
        let probe =
            spec.followsEntries && spec.writesPerSecond > 0 && !self.target.consolidados.isEmpty
            ? VisibleProbe(self.target.consolidados, token: token, eventLoop: self.eventLoop) : nil
        let traffic = WriteTraffic(plan: spec.plan, ledger: spec.ledger, probe: probe)
        func stream(_ name: String, _ rate: Double, _ traffic: any Traffic, _ addresses: [HTTPAddress]) -> LoadStream? {
            guard rate > 0 else { return nil }
            return LoadStream(
                name: name, ratePerSecond: rate, times: spec.times, traffic: traffic,
                endpoints: Endpoints(addresses, token: token, eventLoop: self.eventLoop, limits: limits))
        }
        let writes = stream("writes", spec.writesPerSecond, traffic, [self.target.lancamentos])
        let reads = stream("reads", spec.readsPerSecond, ReadTraffic(plan: spec.plan, periods: spec.readsPeriods), self.target.consolidados)
        let loop = OpenLoop(
            eventLoop: self.eventLoop, streams: [writes, reads].compactMap { $0 }, probe: probe, times: spec.times, onSecond: onSecond)
        return Run(loop: loop, writes: writes, reads: reads, traffic: traffic, probe: probe)
    }

    private static func result(_ run: Run, _ ledger: Ledger) -> LoadResult {
        run.loop.stop()
        return LoadResult(
            writes: run.writes?.measures, reads: run.reads?.measures, visible: run.probe?.measures,
            ledger: run.traffic?.ledger ?? ledger, ownCPU: .zero, wall: .zero)
    }
}

/// The processor time used by this process or by one of its threads.
enum CPUTime {
    /// User and system together.
    static func used() -> Duration {
        var usage = rusage()
        // RUSAGE_SELF, whose type differs between C libraries.
        getrusage(0, &usage)
        return Self.duration(usage.ru_utime) + Self.duration(usage.ru_stime)
    }

    static func usedByThread() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }

    private static func duration(_ time: timeval) -> Duration {
        .seconds(Int64(time.tv_sec)) + .microseconds(Int64(time.tv_usec))
    }
}
