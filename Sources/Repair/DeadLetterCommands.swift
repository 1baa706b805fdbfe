import AMQP
package import ArgumentParser
import Contrato
package import Mensageria
package import ServiceRuntime

/// A service whose queue has dead letters.
package protocol DeadLetterProgram: ServiceProgram {
    /// The queue of dead letters.
    static var deadLetterQueue: String { get }
    /// How a letter returns to where it was refused.
    static func origin(user: String) -> RequeuedOrigin
    /// What a requeued letter may do, for the help.
    static var rightsOfRequeuedLetters: String { get }
}

/// `dlq`: looks at the service's dead letters and requeues or discards them.
package struct DeadLetterCommand<Program: DeadLetterProgram>: ParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "dlq",
            abstract: "Lists, shows, requeues and discards the dead letters of \(Program.deadLetterQueue), and retires messages.",
            discussion: "Each message is read once, in order, and one is in memory at a time. \(ToolExit.help)",
            subcommands: [
                ListLetters<Program>.self, ShowLetters<Program>.self, RequeueLetters<Program>.self, DiscardLetters<Program>.self,
                RetireMessages<Program>.self,
            ]
        )
    }

    package init() {}
}

/// The settings and the letters that a command works on.
private struct LetterOptions<Program: DeadLetterProgram>: ParsableArguments {
    @OptionGroup var settings: SettingsOptions

    @Option(
        name: .customLong("message-id"),
        help: ArgumentHelp("Only letters with this message_id; may be given several times.", valueName: "ID"))
    var messageIDs: [String] = []

    @Option(help: ArgumentHelp("Only letters with this reason: \(Self.motivos).", valueName: "MOTIVO"))
    var motivo: String?

    init() {}

    private static var motivos: String { Motivo.allCases.map(\.rawValue).joined(separator: ", ") }

    mutating func validate() throws {
        if let motivo, Motivo(rawValue: motivo) == nil {
            throw ValidationError("--motivo \(motivo): use one of \(Self.motivos)")
        }
    }

    var selection: LetterSelection { LetterSelection(messageIDs: self.messageIDs, motivo: self.motivo.flatMap(Motivo.init(rawValue:))) }

    /// Whether some condition was given.
    var isSelective: Bool { !self.messageIDs.isEmpty || self.motivo != nil }

    /// Only the broker: no other secret is needed.
    func broker() throws -> AMQPConfiguration {
        try AMQPConfiguration(BrokerSettings(self.settings.values(Program.App.self)), purpose: "dlq")
    }

    func box(_ broker: AMQPConfiguration) -> DeadLetterBox {
        DeadLetterBox(configuration: broker, queue: Program.deadLetterQueue, origin: Program.origin(user: broker.user))
    }
}

/// The letters that a command changes: some condition or all.
private struct ChangeOptions: ParsableArguments {
    @Flag(help: "All letters. Without it, --message-id or --motivo is required.")
    var todas = false

    @Flag(help: "Changes nothing and says what would be done.")
    var simular = false

    init() {}

    func check(isSelective: Bool) throws {
        guard isSelective != self.todas else {
            throw ValidationError(self.todas ? "--todas excludes --message-id and --motivo" : "give --message-id, --motivo or --todas")
        }
    }
}

private struct ListLetters<Program: DeadLetterProgram>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list", abstract: "A line per letter: when, reason, size in bytes, message_id, sender, the reason in words.",
            discussion: "Columns are separated by tabs. Bodies are not read. \(ToolExit.help)")
    }

    @OptionGroup var options: LetterOptions<Program>

    init() {}

    func run() async throws {
        try await ToolRun.reportingFailures {
            var count = 0
            ToolOutput.line(["recebido_em", "motivo", "bytes", "message_id", "usuario", "erro"].joined(separator: "\t"))
            try await self.options.box(try self.options.broker()).read(self.options.selection, withBodies: false) { letter in
                count += 1
                ToolOutput.line(letter.summary)
            }
            ToolOutput.line("\(count) dead letters")
        }
    }
}

private struct ShowLetters<Program: DeadLetterProgram>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "show", abstract: "Shows letters with their headers and bodies, which may hold personal data.",
            discussion: ToolExit.help)
    }

    @OptionGroup var options: LetterOptions<Program>

    init() {}

    func validate() throws {
        guard self.options.isSelective else { throw ValidationError("give --message-id or --motivo") }
    }

    func run() async throws {
        try await ToolRun.reportingFailures {
            var count = 0
            try await self.options.box(try self.options.broker()).read(self.options.selection, withBodies: true) { letter in
                count += 1
                for line in letter.details { ToolOutput.line(line) }
            }
            ToolOutput.line("\(count) dead letters")
            if count == 0 { throw ToolExit.incomplete }
        }
    }
}

private struct RequeueLetters<Program: DeadLetterProgram>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "requeue", abstract: "Sends letters back to the queue that they were refused from.",
            discussion: """
                A letter is removed after the broker has confirmed its copy, so an interruption can double a message, which is harmless, \
                and loses none. \(Program.rightsOfRequeuedLetters) Letters with the reason origem-nao-permitida or sem-message-id are left: \
                they would be refused again. \(ToolExit.help)
                """)
    }

    @OptionGroup var options: LetterOptions<Program>
    @OptionGroup var change: ChangeOptions

    init() {}

    func validate() throws { try self.change.check(isSelective: self.options.isSelective) }

    func run() async throws {
        try await ToolRun.reportingFailures {
            let broker = try self.options.broker()
            let (box, selection) = (self.options.box(broker), self.options.selection)
            if self.change.simular {
                var count = 0
                try await box.read(selection, withBodies: false) { letter in
                    count += 1
                    ToolOutput.line(letter.summary)
                }
                ToolOutput.line("would requeue \(count) dead letters")
                return
            }
            let logger = ToolRun.logger("dlq")
            let publisher = ConfirmedPublisher(configuration: broker, topology: AMQPTopology(), logger: logger)
            let (requeued, left) = try await ToolRun.with([publisher], logger: logger) {
                var (requeued, left) = (0, 0)
                var progress = ToolProgress()
                try await box.requeue(selection, by: publisher) { letter, outcome in
                    if outcome == .requeued { requeued += 1 } else { left += 1 }
                    progress.update("requeued \(requeued), left \(left)")
                    guard outcome == .refused else { return }
                    progress.end()
                    ToolOutput.line("left: \(letter.summary)")
                }
                progress.end()
                return (requeued, left)
            }
            ToolOutput.line("requeued \(requeued) dead letters, left \(left)")
            if left > 0 { throw ToolExit.incomplete }
        }
    }
}

private struct DiscardLetters<Program: DeadLetterProgram>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "discard", abstract: "Removes letters permanently, after a question.",
            discussion: "Each removed letter is listed. \(ToolExit.help)")
    }

    @OptionGroup var options: LetterOptions<Program>
    @OptionGroup var change: ChangeOptions

    @Flag(help: "Answers the question with yes.")
    var sim = false

    init() {}

    func validate() throws { try self.change.check(isSelective: self.options.isSelective) }

    func run() async throws {
        try await ToolRun.reportingFailures {
            let (box, selection) = (self.options.box(try self.options.broker()), self.options.selection)
            if self.change.simular || !self.sim {
                var count = 0
                try await box.read(selection, withBodies: false) { letter in
                    count += 1
                    if self.change.simular { ToolOutput.line(letter.summary) }
                }
                guard !self.change.simular, count > 0 else {
                    ToolOutput.line("would discard \(count) dead letters")
                    return
                }
                guard try ToolOutput.confirm("Discard \(count) dead letters?") else { throw ToolExit.incomplete }
            }
            var discarded = 0
            try await box.discard(selection) { letter in
                discarded += 1
                ToolOutput.line("discarded: \(letter.summary)")
            }
            ToolOutput.line("discarded \(discarded) dead letters")
        }
    }
}

extension Delivery {
    /// A letter in one line of columns, without its body.
    fileprivate var summary: String {
        [
            self.header(AMQPNames.Header.recebidoEm), self.header(AMQPNames.Header.motivo), "\(self.bodyBytesTotal)",
            self.properties.messageID, self.header(AMQPNames.Header.usuario), self.header(AMQPNames.Header.erro),
        ].map { $0.map(ToolOutput.printable) ?? "-" }.joined(separator: "\t")
    }

    /// A letter with everything that can be shown as text.
    fileprivate var details: [String] {
        let properties = [
            ("message_id", self.properties.messageID), ("type", self.properties.type), ("content_type", self.properties.contentType),
            ("correlation_id", self.properties.correlationID), ("app_id", self.properties.appID),
            ("timestamp", self.properties.timestamp.map { "\($0)" }),
        ]
        let headers = (self.properties.headers?.entries ?? []).map { entry in
            (entry.name, entry.value.stringValue ?? entry.value.integerValue.map { "\($0)" } ?? "(not a text)")
        }
        let text = String(validating: self.body, as: UTF8.self)
        let shown = text.map(ToolOutput.printable) ?? self.body.map { String($0, radix: 16) }.joined(separator: " ")
        let rest = self.isTruncated ? ", the first \(self.body.count)" : ""
        return properties.compactMap { name, value in value.map { "\(name): \(ToolOutput.printable($0))" } }
            + headers.map { "\(ToolOutput.printable($0)): \(ToolOutput.printable($1))" }
            + ["body (\(self.bodyBytesTotal) bytes\(rest)\(text == nil ? ", hexadecimal" : "")):", shown, ""]
    }
}
