import AMQP
import ArgumentParser
import Lancamentos
import Logging
import Postgres
import Repair
import ServiceRuntime

/// `outbox`: looks at the events that the broker has not confirmed, and publishes them.
struct OutboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox", abstract: "The registered entries whose events the broker has not confirmed yet.",
        subcommands: [Status.self, Publish.self]
    )

    /// Younger rows are in the memory of the instance that wrote them, which is sending them.
    private static let youngMax: Duration = .seconds(5)

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status", abstract: "How many events wait, since when, and why. Changes nothing.", discussion: ToolExit.help)

        @OptionGroup var options: SettingsOptions

        func run() async throws {
            try await ToolRun.reportingFailures {
                let values = try self.options.values(LancamentosApp.self)
                let logger = ToolRun.logger("outbox")
                let database = PostgresClient.tool(try .tool(DatabaseSettings(values)), logger: logger)
                let observer = ToolBrokerObserver()
                // Declares nothing: it would repair what it looks at.
                let publisher = ConfirmedPublisher(
                    configuration: try AMQPConfiguration(BrokerSettings(values), purpose: "outbox status"), topology: AMQPTopology(),
                    logger: logger, observer: observer)
                let archive = PostgresEntryArchive(client: database, logger: ToolRun.logger("outbox", level: .debug))
                let (status, isReachable) = try await ToolRun.with([database, publisher], logger: logger) {
                    (
                        try await archive.outbox(youngerThan: OutboxCommand.youngMax),
                        try await ToolBroker(publisher: publisher).isReachable()
                    )
                }
                let waiting = status.pending - status.young
                ToolOutput.line("pending: \(status.pending)")
                ToolOutput.line("oldest: \(status.oldestAge / .seconds(1)) s")
                ToolOutput.line("being sent (younger than \(OutboxCommand.youngMax / .seconds(1)) s): \(status.young)")
                ToolOutput.line("waiting: \(waiting)")
                ToolOutput.line("without their entry, never published: \(status.withoutEntry)")
                ToolOutput.line("broker: \(isReachable ? "reachable" : "not reachable: \(observer.reason ?? "no answer")")")
                if waiting > 0, isReachable {
                    ToolOutput.line("The broker can be reached and events wait: it refuses them, or no instance of lancamentos runs.")
                }
            }
        }
    }

    struct Publish: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "publish", abstract: "Publishes the waiting events now, as the service does; safe beside it.",
            discussion: """
                Declares the exchange, the consolidation's queue and its binding. Rows written after the start are left to the service. \
                An event may be sent twice, which consumers ignore. \(ToolExit.help)
                """)

        @OptionGroup var options: SettingsOptions

        @Flag(help: "Sends nothing and says how many events would be sent.")
        var simular = false

        func run() async throws {
            try await ToolRun.reportingFailures {
                let values = try self.options.values(LancamentosApp.self)
                let logger = ToolRun.logger("outbox")
                let configuration = try PostgresConfiguration.tool(DatabaseSettings(values))
                let database = PostgresClient.tool(configuration, logger: logger)
                let archive = PostgresEntryArchive(client: database, logger: ToolRun.logger("outbox", level: .debug))
                if self.simular {
                    let status = try await ToolRun.with([database], logger: logger) { try await archive.outbox(youngerThan: .zero) }
                    ToolOutput.line("would publish \(status.pending - status.withoutEntry) events")
                    return
                }
                let sender = try EventSender(values, queue: nil, logger: logger)
                let relay = Relay(
                    publisher: sender.events, outbox: PostgresOutboxRepository(client: database), limits: .init(ringRowsMax: 1),
                    logger: logger)
                let last = try await ToolRun.with([database, sender.publisher, relay], logger: logger) {
                    try await sender.waitForBroker()
                    let before = try await archive.outbox(youngerThan: .zero)
                    let connection = try await PostgresConnection.connect(configuration)
                    let publishing = OutboxPublishing(outbox: PostgresOutboxLease(connection: connection, logger: logger), relay: relay)
                    var progress = ToolProgress()
                    try await publishing.run(upTo: before.lastSeq) { progress.update("sent \($0) of \(before.pending)") }
                    progress.end()
                    await connection.close()
                    return before
                }
                // The relay has ended, and with it its last delete.
                let pool = PostgresClient.tool(configuration, logger: logger)
                let left = try await ToolRun.with([pool], logger: logger) {
                    try await PostgresEntryArchive(client: pool, logger: ToolRun.logger("outbox", level: .debug)).pending(
                        upTo: last.lastSeq)
                }
                ToolOutput.line("published \(max(0, last.pending - left)) events, left \(left)")
                if left > 0 { throw ToolExit.incomplete }
            }
        }
    }
}
