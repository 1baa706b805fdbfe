import ArgumentParser
import BuildInfo
import Contrato
import Lancamentos
import Mensageria
import Repair
import ServiceRuntime

/// The executable `lancamentos`.
@main
enum Main: DeadLetterProgram {
    typealias App = LancamentosApp

    static var build: Build { .this }
    static var tools: [any ParsableCommand.Type] { [OutboxCommand.self, ReplayCommand.self, DeadLetterCommand<Main>.self] }

    static var deadLetterQueue: String { AMQPNames.Queue.comandosDLQ }
    static func origin(user: String) -> RequeuedOrigin { .comandos(user: user) }
    static var rightsOfRequeuedLetters: String {
        """
        A requeued command is checked as it was when it was refused: its sender's routing key must still name the account of the body, and \
        its message_id is still its key. It has the rights that the broker checked when it was sent, even if its sender has lost them since. \
        Nobody is answered.
        """
    }

    static func main() async {
        await ServiceCommand<Main>.mainWithoutCleanup()
    }
}
