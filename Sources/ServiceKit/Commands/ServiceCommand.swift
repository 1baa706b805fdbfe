package import ArgumentParser
import CoreMetrics
import Foundation
import Logging
import OpenFiles
import Tracing

/// The command line of a service: `serve` (what is run without a subcommand), `migrate`, `saude`.
package struct ServiceCommand<App: ServiceApp>: AsyncParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: App.name.rawValue,
            abstract: "Fluxo de Caixa: the service \(App.name.rawValue).",
            discussion: """
                Configuration: built-in defaults, then config/\(App.name.rawValue).yaml (or --config FILE), then environment variables FLUXO_…; \
                that file lists every key.
                """,
            subcommands: [ServeCommand<App>.self, MigrateCommand<App>.self, SaudeCommand<App>.self],
            defaultSubcommand: ServeCommand<App>.self
        )
    }

    package init() {}
}

/// Where every command reads its configuration.
struct ConfigurationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A YAML file instead of the default one.", valueName: "FILE"))
    var config: String?

    init() {}
}

struct ServeCommand<App: ServiceApp>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "serve", abstract: "Runs the service until SIGTERM or SIGINT. Never migrates.")
    }

    @OptionGroup var options: ConfigurationOptions

    init() {}

    func run() async throws {
        let configuration = try await Configuration.load(
            service: App.name, file: self.options.config, environment: ProcessInfo.processInfo.environment
        )
        let level = ServiceLogging.bootstrap(configuration.log, service: App.name)
        let logger = Logger(label: App.name.rawValue)
        let metrics = PrometheusRegistry(logger: logger)
        MetricsSystem.bootstrap(metrics)
        InstrumentationSystem.bootstrap(W3CTracer())
        OpenFiles.raiseLimit()
        let file = self.options.config
        let signals = LogLevelSignals(level: level, logger: logger) { () throws(ConfigurationError) in
            try await LogConfiguration.load(service: App.name, file: file, environment: ProcessInfo.processInfo.environment).nivel
        }
        // Ends with the service: what is still awaited at the end of a scope is cancelled.
        async let _: Void = signals.run()
        try await App.serve(configuration, metrics: metrics, logger: logger)
    }
}

struct MigrateCommand<App: ServiceApp>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "migrate", abstract: "Creates or updates the schema of the service's database.")
    }

    @OptionGroup var options: ConfigurationOptions

    init() {}

    func run() async throws {
        let configuration = try await MigrateConfiguration.load(
            service: App.name, file: self.options.config, environment: ProcessInfo.processInfo.environment
        )
        _ = ServiceLogging.bootstrap(configuration.log, service: App.name)
        try await App.migrate(configuration, logger: Logger(label: App.name.rawValue))
    }
}

struct SaudeCommand<App: ServiceApp>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "saude", abstract: "Asks the running instance whether it is ready; exits 0 or 1.")
    }

    @OptionGroup var options: ConfigurationOptions

    init() {}

    func run() async throws {
        let configuration = try await SaudeConfiguration.load(
            service: App.name, file: self.options.config, environment: ProcessInfo.processInfo.environment
        )
        let outcome = await Saude.ask(configuration)
        print(outcome.message)
        throw ExitCode(outcome.exitCode)
    }
}
