import ArgumentParser
import BuildInfo
import Consolidado
import Contrato
import Mensageria
import Repair
import ServiceRuntime

/// The executable `consolidado`.
@main
enum Main: DeadLetterProgram {
    typealias App = ConsolidadoApp

    static var build: Build { .this }
    static var tools: [any ParsableCommand.Type] { [AuditCommand.self, RebuildCommand.self, DeadLetterCommand<Main>.self] }

    static var deadLetterQueue: String { AMQPNames.Queue.consolidadoDLQ }
    static func origin(user: String) -> RequeuedOrigin { .eventos(user: user) }
    static var rightsOfRequeuedLetters: String {
        "A requeued event counts as sent by the user who sent it first: consolidado.usuario_dos_eventos holds for it."
    }

    static func main() async {
        await ServiceCommand<Main>.mainWithoutCleanup()
    }
}
