import NIOCore
import NIOPosix

extension Bench {
    private static let eventTurns = 3
    private static let eventContasMax = 100
    /// An instance follows the changes for a minute after its last reader has left.
    private static let eventRest = Duration.seconds(65)

    /// The peak without and with open streams of events, in turns, because the speed of a machine changes with the hour.
    ///
    /// The streams share the first accounts of the run, whose days change.
    func eventos() async throws -> ScenarioResult {
        let (plan, first) = self.makeRun()
        var ledger = first
        var peaks = EventPeaks()
        var result = ScenarioResult(name: .eventos)
        let contas = Array(plan.contas.prefix(Self.eventContasMax))
        result.description =
            "\(Text.rate(self.settings.writesPerSecond)) writes/s and \(Text.rate(self.settings.readsPerSecond)) reads/s, "
            + "\(Self.eventTurns) times \(Text.rate(self.settings.seconds)) s without and with \(Text.grouped(self.settings.eventReaders)) "
            + "streams of \(contas.count) accounts"
        for turn in 1...Self.eventTurns {
            if turn > 1 {
                self.progress.say("waiting until nobody follows the changes")
                try await Task.sleep(for: Self.eventRest)
            }
            peaks.without.append(try await self.eventPeak(plan, &ledger, "without, turn \(turn)", &result))
            try await self.withEventReaders(of: contas) { readers in
                peaks.with.append(try await self.eventPeak(plan, &ledger, "with, turn \(turn)", &result))
                peaks.received += try await readers.counts()
            }
        }
        peaks.report(&result)
        result.take(try await self.audit(plan, &ledger))
        return result
    }

    private func eventPeak(
        _ plan: EntryPlan, _ ledger: inout Ledger, _ name: String, _ result: inout ScenarioResult
    ) async throws -> EventPeaks.Peak {
        let (cpu, machine) = (try await self.cpuOfConsolidado(.eventos), MachineTime.now())
        var peak = EventPeaks.Peak(load: try await self.peak(plan, &ledger, name, seconds: self.settings.seconds, &result))
        if let machine, let now = MachineTime.now() { peak.machine = MachineUse(from: machine, to: now) }
        if let cpu, let now = try await self.cpuOfConsolidado(.eventos) { peak.cpuOfConsolidado = now - cpu }
        return peak
    }

    private func withEventReaders(of contas: [String], _ body: (EventReaders) async throws -> Void) async throws {
        self.progress.say("opening \(self.settings.eventReaders) streams")
        // A thread of their own: they do not make the requests of the load late.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let result: Result<Void, any Error>
        do {
            let target = self.settings.target
            let readers = try await EventReaders.open(
                self.settings.eventReaders, of: contas, at: target.consolidados, token: target.token, eventLoop: group.next())
            try await body(readers)
            result = .success(try await readers.close())
        } catch {
            result = .failure(error)
        }
        // Closes what is still open.
        try? await group.shutdownGracefully()
        try result.get()
    }
}

/// The peaks of `eventos`.
struct EventPeaks {
    struct Peak {
        let load: LoadResult
        var machine: MachineUse?
        var cpuOfConsolidado: Duration?

        /// The number of cores that consolidado kept busy.
        var cores: Double? { self.cpuOfConsolidado.map { $0 / self.load.wall } }
    }

    var without: [Peak] = []
    var with: [Peak] = []
    var received = EventReaders.Counts()

    func report(_ result: inout ScenarioResult) {
        for stream in (self.without + self.with).flatMap(\.load.streams) where stream.errors > 0 {
            result.fail("\(stream.errors) \(stream.name) were not accepted")
        }
        if self.received.ended > 0 { result.fail("\(self.received.ended) streams ended") }
        if self.received.events == 0 { result.fail("the streams received no event") }
        self.compare("p99_leitura_ms", "reads, median p99 of \(Segments.seconds) s", "ms", &result) { Self.medianP99Ms($0, \.reads) }
        self.compare("p99_escrita_ms", "writes, median p99 of \(Segments.seconds) s", "ms", &result) { Self.medianP99Ms($0, \.writes) }
        self.compare("processador", "processor time of consolidado", "cores", &result) { Self.mean($0.compactMap(\.cores)) }
        self.compare("maquina_ocupada", "the machine was busy", "%", &result) { Self.mean($0.compactMap(\.machine).map { 100 * $0.busy }) }
        let seconds = self.with.map { $0.load.wall / .seconds(1) }.reduce(0, +)
        result.figures += [
            Figure(name: "eventos_por_segundo", label: "events received", value: Double(self.received.events) / seconds, unit: "/s"),
            Figure(name: "eventos_perdeu", label: "times a stream lost changes", value: Double(self.received.lost), unit: ""),
        ]
    }

    private func compare(
        _ name: String, _ label: String, _ unit: String, _ result: inout ScenarioResult, _ value: ([Peak]) -> Double?
    ) {
        guard let without = value(self.without), let with = value(self.with) else { return }
        result.figures += [
            Figure(name: "eventos_sem_\(name)", label: "\(label), without", value: without, unit: unit),
            Figure(name: "eventos_com_\(name)", label: "with the streams", value: with, unit: unit),
        ]
    }

    private static func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }

    private static func medianP99Ms(_ peaks: [Peak], _ stream: KeyPath<LoadResult, StreamMeasures?>) -> Double? {
        peaks.compactMap { $0.load[keyPath: stream]?.segments }.reduce(into: Segments()) { $0.add($1) }.medianP99Ms
    }
}
