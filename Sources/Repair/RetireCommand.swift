import AMQP
import ArgumentParser
import ServiceRuntime

/// `dlq retire`: moves messages out of the queue that instances process, for example one that ends every process.
struct RetireMessages<Program: DeadLetterProgram>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "retire", abstract: "Moves messages out of their queue to the dead letters.",
            discussion: """
                For a message that ends every process that handles it. consolidado handles a message alone after 20 deliveries, and its log \
                names it before the process ends ("message was delivered many times, handled alone"). Stop the instances first: a message \
                that an instance holds is not in the queue. After the repair, dlq requeue sends it back. A message is removed after the \
                broker has confirmed its copy. \(ToolExit.help)
                """)
    }

    @OptionGroup var settings: SettingsOptions

    @Option(
        name: .customLong("message-id"),
        help: ArgumentHelp("The message_id of a message; may be given several times.", valueName: "ID"))
    var messageIDs: [String] = []

    init() {}

    func validate() throws {
        guard !self.messageIDs.isEmpty else { throw ValidationError("give --message-id") }
    }

    func run() async throws {
        try await ToolRun.reportingFailures {
            let broker = try AMQPConfiguration(BrokerSettings(self.settings.values(Program.App.self)), purpose: "dlq")
            let box = DeadLetterBox(
                configuration: broker, queue: Program.deadLetterQueue, origin: Program.origin(user: broker.user))
            let logger = ToolRun.logger("dlq")
            let publisher = ConfirmedPublisher(configuration: broker, topology: AMQPTopology(), logger: logger)
            let messageIDs = Set(self.messageIDs)
            let retired = try await ToolRun.with([publisher], logger: logger) {
                var retired = 0
                try await box.retire(messageIDs, agora: SystemClock.agora(), by: publisher) { message in
                    retired += 1
                    ToolOutput.line("retired: \(message.properties.messageID.map(ToolOutput.printable) ?? "-")")
                }
                return retired
            }
            ToolOutput.line("retired \(retired) messages, \(messageIDs.count - retired) not found")
            if retired < messageIDs.count { throw ToolExit.incomplete }
        }
    }
}
