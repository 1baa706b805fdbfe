import AMQP
import ArgumentParser
import BuildInfo
import Consolidado
import Contrato
import FluxoDeCaixa
import Foundation
import Lancamentos
import Logging
import Postgres
import ServiceRuntime

struct LimitesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limites",
        abstract: "Measures the parts of the system alone, and what they would carry together.",
        discussion: """
            The servers must be private: their databases are filled. deploy/local/bench starts such servers and runs this before it \
            measures the whole. Each part runs with the services' own schema, statements and settings, on two connections.

            The environment names them: LANCAMENTOS_DATABASE_URL and CONSOLIDADO_DATABASE_URL (empty databases), AMQP_URL (a \
            user with the right to declare).
            """,
        version: Build.this.text(program: "limites")
    )

    @Option(help: ArgumentHelp("How long each part is measured.", valueName: "S"))
    var segundos = 5

    @Option(help: ArgumentHelp("Where the results are written, as JSON.", valueName: "FILE"))
    var json: String?

    func validate() throws {
        guard (1...600).contains(self.segundos) else { throw ValidationError("--segundos must be between 1 and 600") }
    }

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        func address(_ name: String) throws -> String {
            guard let url = environment[name], !url.isEmpty else { throw ValidationError("\(name) is not set") }
            return url
        }
        var quiet = Logger(label: "limites")
        quiet.logLevel = .error
        let logger = quiet
        let hoje = BusinessCalendar(fuso: .gmt).hoje(agora: SystemClock.agora())
        var results = LimitesResults(segundos: self.segundos)
        let duration = Duration.seconds(self.segundos)

        let http = HTTPParts(hoje: hoje)
        results.add(.bareWrite, try await http.write(for: duration))
        results.add(.bareRead, try await http.read(for: duration))
        let bare = try await http.peak(for: duration)

        let lancamentos = try await Self.pool(address("LANCAMENTOS_DATABASE_URL"), LancamentosMigrations.migrations, logger)
        let consolidado = try await Self.pool(address("CONSOLIDADO_DATABASE_URL"), ConsolidadoMigrations.migrations, logger)
        let database = DatabaseParts(lancamentos: lancamentos, consolidado: consolidado, hoje: hoje, logger: logger)
        results = try await Services.run([lancamentos, consolidado]) { [results] in
            var results = results
            results.servers.append(try await Self.version(lancamentos))
            let peak = PeakMeasures(bare: bare, insertP99Ms: try await database.singleInserts(for: duration))
            results.peak = peak
            results.say(peak.line)
            let (inserted, outbox) = try await database.insert(for: duration)
            results.add(.insert, inserted)
            results.add(.delete, try await database.delete(outbox))
            results.add(.apply, try await database.apply(for: duration))
            results.add(.read, try await database.read(for: duration))
            return results
        }

        let broker = BrokerParts(
            configuration: try AMQPConfiguration(url: address("AMQP_URL"), connectionName: "limites"), hoje: hoje, logger: logger)
        let published = try await broker.publish(for: duration)
        results.add(.publish, published)
        results.add(.consume, try await broker.consume(published.operations))

        results.say(results.table)
        if let json { try Data(results.json).write(to: URL(filePath: json), options: .atomic) }
    }

    private static func pool(_ url: String, _ migrations: PostgresMigrations, _ logger: Logger) async throws -> PostgresClient {
        var configuration = try PostgresConfiguration(url: url, applicationName: "limites")
        // As in the services.
        configuration.plans = .once
        try await migrations.apply(to: configuration)
        var limits = PostgresClient.Limits()
        limits.connectionsMax = Workload.connections
        return PostgresClient(configuration: configuration, limits: limits, logger: logger)
    }

    private static func version(_ client: PostgresClient) async throws -> String {
        let row = try await client.query("select current_setting('server_version')").first
        return "PostgreSQL \(try row?.decode(0, as: String.self) ?? "?")"
    }
}

/// The reason why the parts cannot be measured.
struct LimitesError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

@main
enum Main {
    static func main() async {
        await LimitesCommand.mainWithoutCleanup()
    }
}
