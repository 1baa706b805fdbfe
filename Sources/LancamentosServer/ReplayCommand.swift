import ArgumentParser
import Contrato
import FluxoDeCaixa
import Lancamentos
import Logging
import Postgres
import Repair
import ServiceRuntime

/// `replay`: publishes the events of registered entries again.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Publishes the events of the entries registered in a period again.",
        discussion: """
            Consumers recognise entries that they have by their id, so a period that is too long only takes longer. Each page is confirmed by \
            the broker before the next is read. The last line says until when everything is published: an interrupted run continues with that \
            instant as --de. Entries commit up to a minute after their instant, so end the period a minute ago, or let the service send the \
            newest. \(ToolExit.help)
            """)

    @OptionGroup var options: SettingsOptions

    @Option(help: ArgumentHelp("The first instant of registrado_em, RFC 3339.", valueName: "INSTANTE"), transform: Self.instant)
    var de: Instante

    @Option(help: ArgumentHelp("The last instant of registrado_em, RFC 3339.", valueName: "INSTANTE"), transform: Self.instant)
    var ate: Instante

    @Option(
        help: ArgumentHelp(
            "Only this queue receives the events: \(AMQPNames.Queue.consolidado) or eventos.USER. The routing key is then the queue's name.",
            valueName: "FILA"))
    var para: String?

    @Flag(help: "Sends nothing and says how many events would be sent.")
    var simular = false

    private static func instant(_ text: String) throws -> Instante {
        guard let instant = Instante(parsing: text) else { throw ValidationError("\(text) is no instant like 2026-11-28T05:00:00Z") }
        return instant
    }

    func validate() throws {
        guard RegistrationPeriod(self.de, through: self.ate) != nil else { throw ValidationError("--ate is before --de") }
        if let para, para != AMQPNames.Queue.consolidado, !para.hasPrefix(AMQPNames.Queue.eventsPrefix) {
            throw ValidationError("--para \(para): events go to \(AMQPNames.Queue.consolidado) or to \(AMQPNames.Queue.eventsPrefix)USER")
        }
    }

    func run() async throws {
        try await ToolRun.reportingFailures {
            guard let period = RegistrationPeriod(self.de, through: self.ate) else { return }
            let values = try self.options.values(LancamentosApp.self)
            let logger = ToolRun.logger("replay")
            let database = PostgresClient.tool(try .tool(DatabaseSettings(values)), logger: logger)
            let archive = PostgresEntryArchive(client: database, logger: ToolRun.logger("replay", level: .debug))
            if self.simular {
                let count = try await ToolRun.with([database], logger: logger) { try await archive.count(period.ids) }
                ToolOutput.line("would publish \(count) events")
                return
            }
            let sender = try EventSender(values, queue: self.para, logger: logger)
            let ate = self.ate
            let confirmed = try await ToolRun.with([database, sender.publisher], logger: logger) {
                try await sender.waitForBroker()
                var progress = ToolProgress()
                var done: (events: Int, last: LancamentoID)?
                do {
                    try await Replay(archive: archive, publisher: sender.events).run(period) { events, last in
                        done = (events, last)
                        progress.update("published \(events) events, done until \(last.instante)")
                    }
                } catch {
                    progress.end()
                    if let done { ToolOutput.line("published \(done.events) events, done until \(done.last.instante)") }
                    throw error
                }
                progress.end()
                return done?.events ?? 0
            }
            ToolOutput.line("published \(confirmed) events, done until \(ate)")
        }
    }
}
