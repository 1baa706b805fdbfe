package import ArgumentParser
import FluxoDeCaixa
import Foundation

package struct CargaCommand: AsyncParsableCommand {
    package static var configuration: CommandConfiguration {
        let scenarios = Scenario.allCases.map { "  \(Text.left($0.rawValue, 12)) \($0.help)" }.joined(separator: "\n")
        return CommandConfiguration(
            commandName: "carga",
            abstract: "Fluxo de Caixa: makes load over HTTP, measures, and audits what was acknowledged against the balances.",
            discussion: """
                An open model: requests are sent at a constant rate and latency counts from the moment at which each was due. After each \
                scenario every day of every account of the run is compared. Exits 1 if a scenario failed, an audit found differences, or the \
                load could not be made.

                SCENARIOS
                \(scenarios)

                The bearer token is read from the environment (TOKEN) or from a file; it needs every account and scope.
                """
        )
    }

    @Argument(help: ArgumentHelp("Scenarios, in order; default: all but estavel, eventos and crescimento.", valueName: "SCENARIO"))
    var scenarios: [String] = []

    @OptionGroup var options: CargaOptions

    package init() {}

    package func validate() throws {
        for name in self.scenarios where Scenario(rawValue: name) == nil {
            throw ValidationError("\(name): scenarios are \(Scenario.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let named = self.scenarios.compactMap { Scenario(rawValue: $0) }
        if self.options.escalar == nil, let scenario = named.first(where: { [.rajada, .escala].contains($0) }) {
            throw ValidationError("\(scenario.rawValue) needs --escalar")
        }
        if self.options.disco == nil, named.contains(.crescimento) { throw ValidationError("crescimento needs --disco") }
    }

    package func run() async throws {
        let settings = try self.options.settings(environment: ProcessInfo.processInfo.environment)
        let named = self.scenarios.compactMap { Scenario(rawValue: $0) }
        let run = CargaRun(
            scenarios: named.isEmpty ? Scenario.usual : named, settings: settings, jsonPath: self.options.json, plotPath: self.options.plot,
            partLimits: try self.options.limites.map { try PartLimits(path: $0) }
        )
        throw ExitCode(await run.untilSignal())
    }
}

struct CargaOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where lancamentos listens; default: LANCAMENTOS_URL, else http://127.0.0.1:8080.", valueName: "URL"))
    var lancamentos: String?

    @Option(
        help: ArgumentHelp(
            "Instances of consolidado, comma separated; default: CONSOLIDADO_URLS, else http://127.0.0.1:8081.", valueName: "URL,…"))
    var consolidado: String?

    @Option(help: ArgumentHelp("A file that holds the bearer token.", valueName: "FILE"))
    var tokenArquivo: String?

    @Option(help: ArgumentHelp("Where the results are written as JSON, again after each scenario.", valueName: "FILE"))
    var json: String?

    @Option(help: ArgumentHelp("Where latency and rate over time are drawn as SVG.", valueName: "FILE"))
    var plot: String?

    @Option(help: ArgumentHelp("The results of limites: figures are also given as ratios to the parts' own limits.", valueName: "FILE"))
    var limites: String?

    @Option(help: ArgumentHelp("Writes per second of pico, rajada, eventos and crescimento.", valueName: "N"))
    var escritas = 500.0

    @Option(help: ArgumentHelp("Reads per second of pico, eventos and crescimento.", valueName: "N"))
    var leituras = 500.0

    @Option(help: ArgumentHelp("How long pico, rajada and each part of eventos last, in seconds.", valueName: "N"))
    var segundos = 60.0

    @Option(help: ArgumentHelp("Load before the measuring begins, in seconds.", valueName: "N"))
    var aquecimento = 5.0

    @Option(help: ArgumentHelp("Accounts that a run spreads its entries over (1 to 10000).", valueName: "N"))
    var contas = 1000

    @Option(help: ArgumentHelp("Days that a run spreads its entries over (1 to 366).", valueName: "N"))
    var dias = 7

    @Option(help: ArgumentHelp("Connections to each instance, for writes and for reads each (1 to 20000).", valueName: "N"))
    var conexoes = 256

    @Option(help: ArgumentHelp("Connections of sobrecarga (1 to 20000): more requests than the system lets wait.", valueName: "N"))
    var conexoesDeSobrecarga = 1900

    @Option(
        help: ArgumentHelp("Writes per second that the system carries, for sobrecarga and estavel; else limite finds it.", valueName: "N"))
    var limite: Double?

    @Option(help: ArgumentHelp("Streams of events that eventos keeps open, over all instances (1 to 20000).", valueName: "N"))
    var leitoresDeEventos = 2000

    @Option(help: ArgumentHelp("Entries of crescimento.", valueName: "N"))
    var lancamentosDeCrescimento = 10_000_000

    @Option(help: ArgumentHelp("Entries of backlog of escala.", valueName: "N"))
    var acumulo = 100_000

    @Option(
        help: ArgumentHelp(
            "Called with a number of consolidado instances; prints their URLs, comma separated, when they are ready.",
            valueName: "COMMAND"))
    var escalar: String?

    @Option(
        help: ArgumentHelp(
            "Called with antes or depois and the scenario; prints a line `name cpu_ms peak_kib` for each process of the system.",
            valueName: "COMMAND"))
    var medir: String?

    @Option(help: ArgumentHelp("A folder on the disk that holds the databases.", valueName: "FOLDER"))
    var disco: String?

    @Option(help: ArgumentHelp("Seed of the entries: the same number makes the same entries.", valueName: "N"))
    var semente: UInt64?

    init() {}

    func validate() throws {
        guard self.escritas > 0, self.leituras >= 0, self.segundos >= 1, self.aquecimento >= 0, self.limite.map({ $0 >= 2 }) ?? true else {
            throw ValidationError("rates and times must be positive; a limit at least 2")
        }
        guard (1...10_000).contains(self.contas), (1...366).contains(self.dias),
            [self.conexoes, self.conexoesDeSobrecarga, self.leitoresDeEventos].allSatisfy({ (1...20_000).contains($0) })
        else {
            throw ValidationError("--contas takes 1 to 10000, --dias 1 to 366, connections and streams 1 to 20000")
        }
        guard self.acumulo > 0, self.lancamentosDeCrescimento > 0 else { throw ValidationError("numbers of entries must be positive") }
    }

    func settings(environment: [String: String]) throws -> BenchSettings {
        BenchSettings(
            target: try self.target(environment), contas: self.contas, dias: self.dias, ultimoDia: Self.yesterday(),
            seed: self.semente ?? UInt64.random(in: 0 ... .max),
            runName: String(UInt64.random(in: 0..<(1 << 40)), radix: 36) + "x",
            writesPerSecond: self.escritas, readsPerSecond: self.leituras, seconds: self.segundos, warmUpSeconds: self.aquecimento,
            connectionsMax: self.conexoes, overloadConnectionsMax: self.conexoesDeSobrecarga, limitPerSecond: self.limite,
            eventReaders: self.leitoresDeEventos, growthEntries: self.lancamentosDeCrescimento, backlogEntries: self.acumulo,
            scaleCommand: self.escalar, usageCommand: self.medir, diskFolder: self.disco)
    }

    private func target(_ environment: [String: String]) throws -> Target {
        func address(_ url: String) throws -> HTTPAddress {
            guard let address = HTTPAddress(url: url) else { throw ValidationError("\(url): http://host:port is expected") }
            return address
        }
        let consolidados = self.consolidado ?? environment["CONSOLIDADO_URLS"] ?? "http://127.0.0.1:8081"
        return Target(
            lancamentos: try address(self.lancamentos ?? environment["LANCAMENTOS_URL"] ?? "http://127.0.0.1:8080"),
            consolidados: try consolidados.split(separator: ",").map { try address(String($0)) },
            token: try self.token(environment))
    }

    private func token(_ environment: [String: String]) throws -> Token {
        var text = environment["TOKEN"] ?? ""
        if let tokenArquivo {
            guard let read = try? String(contentsOfFile: tokenArquivo, encoding: .utf8) else {
                throw ValidationError("\(tokenArquivo) cannot be read")
            }
            text = read.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        guard let token = Token(text) else { throw ValidationError("no token: TOKEN in the environment, or --token-arquivo") }
        return token
    }

    /// Yesterday in UTC: a day that has begun in every time zone and is nowhere in the future.
    private static func yesterday() -> Dia {
        let days = Int32(Date().timeIntervalSince1970 / 86_400) - 10_957
        return Dia(diasDesde2000: days - 1) ?? .primeiro
    }
}
