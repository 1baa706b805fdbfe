package import ArgumentParser
package import Contrato
import CoreMetrics
import Edge
import Foundation
package import Logging
package import Observability
import OpenFiles
package import Settings
import Tracing

/// A service as its executable sees it.
package protocol ServiceApp: Sendable {
    /// The service's typed settings.
    associatedtype AppSettings: Sendable

    /// The name of the service, of its file in `config/` and of its own keys.
    static var name: String { get }
    /// Every key that the service reads.
    /// - Throws: ``SettingsError`` if an embedded document is malformed, which a test excludes.
    static func catalog() throws(SettingsError) -> SettingsCatalog
    /// Every metric that the service exports.
    static var metrics: [MetricDescription] { get }
    /// Reads and checks what `serve` needs.
    static func settings(_ values: SettingValues) throws(SettingsError) -> AppSettings
    /// Runs the service until SIGTERM or SIGINT.
    static func serve(_ settings: AppSettings, metrics: PrometheusRegistry, logger: Logger) async throws
    /// Updates the schema of the service's database.
    static func migrate(_ settings: DatabaseSettings, logger: Logger) async throws
}

/// The program of a service: the service and the tools that repair what it stores.
package protocol ServiceProgram {
    /// The service.
    associatedtype App: ServiceApp
    /// What the program was compiled from.
    static var build: Build { get }
    /// The commands besides those that every service has.
    static var tools: [any ParsableCommand.Type] { get }
}

/// The command line of a service: `serve` (the default), `migrate`, `saude`, its tools and, not shown in the help, `describe`.
package struct ServiceCommand<Program: ServiceProgram>: AsyncParsableCommand {
    private typealias App = Program.App

    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: App.name,
            abstract: "Fluxo de Caixa: the service \(App.name).",
            discussion: """
                Configuration: built-in defaults, then config/\(App.name).yaml (or --config FILE), then environment variables FLUXO_…; \
                that file lists every key.
                """,
            version: Program.build.text(program: App.name),
            subcommands: [ServeCommand<Program>.self, MigrateCommand<App>.self, SaudeCommand<App>.self] + Program.tools
                + [DescribeCommand<App>.self],
            defaultSubcommand: ServeCommand<Program>.self
        )
    }

    package init() {}
}

/// The options of commands that read settings.
package struct SettingsOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A YAML file instead of the default one.", valueName: "FILE"))
    var config: String?

    package init() {}

    /// The settings from the file and the current environment.
    package func values(_ app: (some ServiceApp).Type) throws(SettingsError) -> SettingValues {
        try SettingValues(app.catalog(), file: self.config, environment: ProcessInfo.processInfo.environment)
    }
}

private struct ServeCommand<Program: ServiceProgram>: AsyncParsableCommand {
    private typealias App = Program.App

    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "serve", abstract: "Runs the service until SIGTERM or SIGINT. Never migrates.")
    }

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let values = try self.options.values(App.self)
        let settings = try App.settings(values)
        let level = ServiceLogging.bootstrap(try LogSettings(values), service: App.name, agora: SystemClock.agora)
        let logger = Logger(label: App.name)
        let metrics = PrometheusRegistry(
            descriptions: App.metrics + ProgramMetrics.own, logger: logger, readAtScrape: { ProcessMetrics.read().exposition })
        MetricsSystem.bootstrap(metrics)
        ProgramMetrics.record(Program.build)
        InstrumentationSystem.bootstrap(W3CTracer())
        OpenFiles.raiseLimit()
        let options = self.options
        let signals = LogLevelSignals(level: level, logger: logger) {
            try LogSettings(options.values(App.self)).level
        }
        // Ends with the service: an `async let` that is not awaited is cancelled at the end of its scope.
        async let _: Void = signals.run()
        try await App.serve(settings, metrics: metrics, logger: logger)
    }
}

private struct MigrateCommand<App: ServiceApp>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "migrate", abstract: "Creates or updates the schema of the service's database.")
    }

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        // Only the database: a migration job needs no other secret.
        let values = try self.options.values(App.self)
        let database = try DatabaseSettings(values)
        _ = ServiceLogging.bootstrap(try LogSettings(values), service: App.name, agora: SystemClock.agora)
        try await App.migrate(database, logger: Logger(label: App.name))
    }
}

private struct SaudeCommand<App: ServiceApp>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "saude", abstract: "Asks the running instance whether it is ready; exits 0 or 1.")
    }

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let outcome = await Saude.ask(try HTTPSettings(self.options.values(App.self)))
        print(outcome.message)
        throw ExitCode(outcome.exitCode)
    }
}

/// What every service says of its program.
private enum ProgramMetrics {
    static let own = [MetricDescription.gauge("build_info", "1; the labels are the version and the revision of the program.")]

    static func record(_ build: Build) {
        Gauge(label: "build_info", dimensions: [("versao", ServiceVersion.current), ("revisao", build.revision)]).record(1)
    }
}

/// Prints the keys and the metrics of the service as JSON, for checks of files that name them.
private struct DescribeCommand<App: ServiceApp>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "describe", abstract: "Prints the configuration keys and the metrics as JSON.", shouldDisplay: false)
    }

    func run() async throws {
        print(String(decoding: try ServiceDescription.json(App.self), as: UTF8.self))
    }
}

/// The output of `describe`.
enum ServiceDescription {
    static func json(_ app: (some ServiceApp).Type) throws(SettingsError) -> [UInt8] {
        let catalog = try app.catalog()
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("service", app.name)
            writer.member("version", ServiceVersion.current)
            writer.array("keys") { writer in
                for key in catalog.keys { self.write(key, &writer) }
            }
            writer.array("metrics") { writer in
                for metric in app.metrics + ProgramMetrics.own + ProcessMetrics.descriptions { self.write(metric, &writer) }
            }
            writer.member("log_dataset", ECSLogHandler.dataset)
        }
        return writer.bytes
    }

    private static func write(_ key: SettingKey, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("name", key.name)
            writer.member("environment", key.environmentName)
            writer.member("default", ifPresent: key.defaultValue)
            writer.member("unit", ifPresent: key.unit)
            writer.member("secret", key.isSecret)
            writer.member("accepts", key.accepted)
        }
    }

    private static func write(_ metric: MetricDescription, _ writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("name", metric.exposedName)
            writer.member("type", metric.kind.rawValue)
            writer.member("help", metric.help)
        }
    }
}
