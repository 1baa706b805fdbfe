import FluxoDeCaixa
import NIOCore

/// What scenarios are run with.
struct BenchSettings: Sendable {
    var target: Target
    var contas = 1000
    var dias = 7
    /// The newest day of the entries: yesterday, which is allowed in every time zone.
    var ultimoDia: Dia
    var seed: UInt64
    /// Part of the accounts' names.
    var runName: String
    /// Of `pico`, `rajada` and `escala`.
    var writesPerSecond = 500.0
    var readsPerSecond = 500.0
    var seconds = 60.0
    var warmUpSeconds = 5.0
    var connectionsMax = 256
    /// Of `sobrecarga`: who waits for a connection is not shed but late, so there must be more than the system lets wait.
    var overloadConnectionsMax = 1900
    /// What `sobrecarga` and `estavel` start from; else `limite` finds it.
    var limitPerSecond: Double?
    /// Of `crescimento`.
    var growthEntries = 10_000_000
    /// Of `escala`.
    var backlogEntries = 100_000
    var auditLimits = Auditor.Limits()
    /// Called with a number of consolidado instances; prints their URLs when they are ready.
    var scaleCommand: String?
    /// Called with `antes` or `depois` and the scenario's name; prints a line `name cpu_ms peak_kib` for each process.
    var usageCommand: String?
    /// A folder on the disk that holds the databases.
    var diskFolder: String?
}

/// Runs scenarios, one after the other.
final class Bench {
    var settings: BenchSettings
    let eventLoop: any EventLoop
    let progress: ProgressReport
    /// What `limite` found in this run, once it has run; no rate may have been held.
    var limitFound: Double??
    /// Whether the number of consolidado instances is not what it was.
    private(set) var isScaled = false
    private let instancesAtFirst: Int
    private var runs = 0

    init(settings: BenchSettings, eventLoop: any EventLoop, progress: ProgressReport) {
        self.settings = settings
        self.instancesAtFirst = settings.target.consolidados.count
        self.eventLoop = eventLoop
        self.progress = progress
    }

    /// Runs a scenario to its end.
    /// - Throws: ``BenchFailure``, ``Auditor/Failure``, `CancellationError`.
    func run(_ scenario: Scenario) async throws -> ScenarioResult {
        self.progress.say("\(scenario.rawValue): \(scenario.help)")
        let before = try await self.usage("antes", scenario)
        let (begin, cpu) = (ContinuousClock.now, CPUTime.used())
        var result =
            switch scenario {
            case .pico: try await self.pico()
            case .limite: try await self.limite()
            case .lote: try await self.lote()
            case .leitura: try await self.leitura()
            case .rajada: try await self.rajada()
            case .escala: try await self.escala()
            case .sobrecarga: try await self.sobrecarga()
            case .estavel: try await self.estavel()
            case .crescimento: try await self.crescimento()
            }
        if result.wall == .zero {
            result.wall = .now - begin
            result.ownCPU = CPUTime.used() - cpu
        }
        let after = try await self.usage("depois", scenario)
        result.processes = ProcessUsage.between(before, after)
        if scenario == .pico, let cores = result.coresOfServices {
            result.figures.append(Figure(name: "pico_processador", label: "processor time of the services", value: cores, unit: "cores"))
        }
        return result
    }

    // MARK: What scenarios are made of

    /// New accounts, and a ledger for them.
    func makeRun() -> (plan: EntryPlan, ledger: Ledger) {
        self.runs += 1
        let plan = EntryPlan(
            name: "\(self.settings.runName)\(self.runs)", contas: self.settings.contas, dias: self.settings.dias,
            ultimoDia: self.settings.ultimoDia, seed: self.settings.seed &+ UInt64(self.runs))
        return (plan, Ledger(contas: self.settings.contas, dias: self.settings.dias))
    }

    /// The usual times of a stretch of load.
    func times(seconds: Double? = nil, warmUpSeconds: Double? = nil) -> LoadTimes {
        LoadTimes(
            warmUp: .seconds(warmUpSeconds ?? self.settings.warmUpSeconds), measured: .seconds(seconds ?? self.settings.seconds))
    }

    func load(_ spec: LoadSpec) async throws -> LoadResult {
        let progress = self.progress
        return try await LoadRunner(target: self.settings.target, eventLoop: self.eventLoop).run(spec) { progress.take($0) }
    }

    /// Audits a run.
    func audit(_ plan: EntryPlan, _ ledger: inout Ledger) async throws -> AuditReport {
        self.progress.say("auditing \(ledger.attempted) entries of \(plan.contas.count) accounts")
        let limits = self.settings.auditLimits
        return try await self.withSenders { lancamentos, consolidado in
            try await Auditor(plan: plan, lancamentos: lancamentos, consolidado: consolidado, limits: limits).audit(&ledger)
        }
    }

    /// Connections for what is not under load's clock.
    func withSenders<Result>(
        answerMax: TimeAmount = .seconds(30), _ body: (_ lancamentos: HTTPSender, _ consolidado: HTTPSender) async throws -> Result
    ) async throws -> Result {
        let limits = ConnectionPool.Limits(connectionsMax: Auditor.requestsMax, answerMax: answerMax)
        let target = self.settings.target
        let lancamentos = try await HTTPSender.make([target.lancamentos], token: target.token, eventLoop: self.eventLoop, limits: limits)
        defer { lancamentos.close() }
        let consolidado = try await HTTPSender.make(target.consolidados, token: target.token, eventLoop: self.eventLoop, limits: limits)
        defer { consolidado.close() }
        return try await body(lancamentos, consolidado)
    }

    /// Has the number of consolidado instances changed.
    func scale(to instances: Int) async throws {
        guard let command = self.settings.scaleCommand else { throw BenchFailure("--escalar is needed") }
        self.progress.say("\(instances) consolidado")
        self.isScaled = true
        let output = try await Command.run(command, ["\(instances)"])
        guard instances > 0 else { return }
        let urls = output.split(separator: "\n").last?.split(separator: ",") ?? []
        let addresses = urls.compactMap { HTTPAddress(url: String($0)) }
        guard addresses.count == instances else { throw BenchFailure("\(command) \(instances) printed no \(instances) URLs") }
        self.settings.target.consolidados = addresses
        self.isScaled = instances != self.instancesAtFirst
    }

    private func usage(_ when: String, _ scenario: Scenario) async throws -> [ProcessUsage] {
        guard let command = self.settings.usageCommand else { return [] }
        return ProcessUsage.parse(try await Command.run(command, [when, scenario.rawValue]))
    }
}

/// Why scenarios cannot go on.
struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension ProcessUsage {
    /// Reads lines `name cpu_ms peak_kib`; others are skipped.
    static func parse(_ text: String) -> [ProcessUsage] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 3, let cpu = Int(words[1]), let peak = Int(words[2]) else { return nil }
            return ProcessUsage(name: String(words[0]), cpu: .milliseconds(cpu), peakKiB: peak)
        }
    }

    /// What was used in between; a process that was not there before began at zero.
    static func between(_ before: [ProcessUsage], _ after: [ProcessUsage]) -> [ProcessUsage] {
        after.map { process in
            let earlier = before.first { $0.name == process.name }?.cpu ?? .zero
            return ProcessUsage(name: process.name, cpu: max(.zero, process.cpu - earlier), peakKiB: process.peakKiB)
        }
    }
}
