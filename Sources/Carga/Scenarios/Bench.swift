import FluxoDeCaixa
import Foundation
import NIOCore

struct BenchSettings: Sendable {
    var target: Target
    let contas: Int
    let dias: Int
    /// The newest day of the entries: yesterday, which is allowed in every time zone.
    let ultimoDia: Dia
    let seed: UInt64
    /// Part of the accounts' names.
    let runName: String
    /// Of `pico`, `rajada`, `eventos` and `crescimento`.
    let writesPerSecond: Double
    let readsPerSecond: Double
    let seconds: Double
    let warmUpSeconds: Double
    let connectionsMax: Int
    /// Of `sobrecarga`. It must exceed what the system queues: a request that waits for a connection is late and not shed.
    let overloadConnectionsMax: Int
    /// The limit that `sobrecarga` and `estavel` use; nil: `limite` finds it.
    let limitPerSecond: Double?
    /// Open streams of `eventos`, over all instances.
    let eventReaders: Int
    /// Of `crescimento`.
    let growthEntries: Int
    /// Of `escala`.
    let backlogEntries: Int
    /// Called with a number of consolidado instances; prints their URLs when they are ready.
    let scaleCommand: String?
    /// Called with `antes` or `depois` and the scenario's name; prints a line `name cpu_ms peak_kib` for each process.
    let usageCommand: String?
    /// A folder on the disk that holds the databases.
    let diskFolder: String?
}

final class Bench {
    var settings: BenchSettings
    let eventLoop: any EventLoop
    let progress: ProgressReport
    /// The result of `limite` in this run: nil before it has run, `.some(nil)` if no rate was held.
    var limitFound: Double??
    /// Whether the number of consolidado instances differs from the one at the start.
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
    /// - Throws: ``BenchFailure``, `CancellationError`.
    func run(_ scenario: Scenario) async throws -> ScenarioResult {
        self.progress.say("\(scenario.rawValue): \(scenario.help)")
        let before = try await self.usage("antes", scenario)
        let (begin, cpu, machine) = (ContinuousClock.now, CPUTime.used(), MachineTime.now())
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
            case .eventos: try await self.eventos()
            case .crescimento: try await self.crescimento()
            }
        if result.wall == .zero {
            result.wall = .now - begin
            result.ownCPU = CPUTime.used() - cpu
        }
        if let machine, let now = MachineTime.now() { result.machine = MachineUse(from: machine, to: now) }
        let after = try await self.usage("depois", scenario)
        result.processes = ProcessUsage.between(before, after)
        if scenario == .pico, let cores = result.coresOfServices {
            result.figures.append(Figure(name: "pico_processador", label: "processor time of the services", value: cores, unit: "cores"))
        }
        return result
    }

    // MARK: Parts of scenarios

    /// Makes new accounts and a ledger for them.
    func makeRun() -> (plan: EntryPlan, ledger: Ledger) {
        self.runs += 1
        let plan = EntryPlan(
            name: "\(self.settings.runName)\(self.runs)", contas: self.settings.contas, dias: self.settings.dias,
            ultimoDia: self.settings.ultimoDia, seed: self.settings.seed &+ UInt64(self.runs))
        return (plan, Ledger(contas: self.settings.contas, dias: self.settings.dias))
    }

    func times(seconds: Double? = nil, warmUpSeconds: Double? = nil) -> LoadTimes {
        LoadTimes(
            warmUp: .seconds(warmUpSeconds ?? self.settings.warmUpSeconds), measured: .seconds(seconds ?? self.settings.seconds))
    }

    func load(_ spec: LoadSpec) async throws -> LoadResult {
        let progress = self.progress
        return try await LoadRunner(target: self.settings.target, eventLoop: self.eventLoop).run(spec) { progress.take($0) }
    }

    func audit(_ plan: EntryPlan, _ ledger: inout Ledger) async throws -> AuditReport {
        self.progress.say("auditing \(ledger.attempted) entries of \(plan.contas.count) accounts")
        return try await self.withSenders { lancamentos, consolidado in
            try await Auditor(plan: plan, lancamentos: lancamentos, consolidado: consolidado).audit(&ledger)
        }
    }

    /// Opens connections for requests that are not part of a measured rate.
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

    /// The processor time that consolidado has used since the scenario began; nil if it is not measured.
    func cpuOfConsolidado(_ scenario: Scenario) async throws -> Duration? {
        try await self.usage("depois", scenario).first { $0.name == "consolidado" }?.cpu
    }

    private func usage(_ when: String, _ scenario: Scenario) async throws -> [ProcessUsage] {
        guard let command = self.settings.usageCommand else { return [] }
        return ProcessUsage.parse(try await Command.run(command, [when, scenario.rawValue]))
    }
}

/// The reason why a scenario cannot continue.
struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

extension ProcessUsage {
    /// Reads lines `name cpu_ms peak_kib` and skips others.
    static func parse(_ text: String) -> [ProcessUsage] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 3, let cpu = Int(words[1]), let peak = Int(words[2]) else { return nil }
            return ProcessUsage(name: String(words[0]), cpu: .milliseconds(cpu), peakKiB: peak)
        }
    }

    /// The use between two readings. A process without an earlier reading began at zero.
    static func between(_ before: [ProcessUsage], _ after: [ProcessUsage]) -> [ProcessUsage] {
        after.map { process in
            let earlier = before.first { $0.name == process.name }?.cpu ?? .zero
            return ProcessUsage(name: process.name, cpu: max(.zero, process.cpu - earlier), peakKiB: process.peakKiB)
        }
    }
}

/// Runs the commands given as options.
enum Command {
    /// Runs a command with more arguments.
    ///
    /// Foundation's `Process` waits for a descriptor that grandchildren inherit, and a command that scales a service leaves some running. This
    /// uses `waitpid`.
    /// - Returns: its standard output. Standard error is inherited.
    /// - Throws: ``BenchFailure`` if it does not exit with 0, `CancellationError` after ending it.
    static func run(_ command: String, _ arguments: [String]) async throws -> String {
        let output = FileManager.default.temporaryDirectory.appending(path: "carga-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: output) }
        // The command itself may contain arguments.
        let pid = try self.spawn(["/bin/sh", "-c", "\(command) \"$@\"", "sh"] + arguments, output: output)
        let status = await withTaskCancellationHandler {
            await self.waitForEnd(of: pid)
        } onCancel: {
            kill(pid, SIGTERM)
        }
        try Task.checkCancellation()
        guard status == 0 else { throw BenchFailure("\(command) \(arguments.joined(separator: " ")): exit status \(status)") }
        return try String(contentsOfFile: output, encoding: .utf8)
    }

    private static func spawn(_ arguments: [String], output: String) throws(BenchFailure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, arguments[0], &actions, nil, &pointers, environ)
        guard code == 0 else { throw BenchFailure("\(arguments[0]) cannot be started: errno \(code)") }
        return pid
    }

    /// - Returns: the exit status; a signal's number above 128.
    private static func waitForEnd(of pid: pid_t) async -> Int32 {
        var raw: Int32 = 0
        while waitpid(pid, &raw, WNOHANG) != pid {
            // Detached, so that cancellation does not end the wait: the command receives SIGTERM and its end is awaited.
            await Task.detached { try? await Task.sleep(for: .milliseconds(20)) }.value
        }
        // The macros WIFEXITED and WEXITSTATUS of wait(2).
        return raw & 0x7F == 0 ? (raw >> 8) & 0xFF : 128 + raw & 0x7F
    }
}
