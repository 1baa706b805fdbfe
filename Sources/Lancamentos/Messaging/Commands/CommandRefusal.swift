import Contrato
import FluxoDeCaixa

/// Why a command registers nothing: what its sender is told, and why it lies among the dead letters if nobody can be told.
struct CommandRefusal: Error, Equatable {
    let problema: Problema
    let motivo: Motivo

    init(_ problema: Problema, motivo: Motivo) {
        self.problema = problema
        self.motivo = motivo
    }

    /// For the dead letter: every fault in one text.
    var messageRefusal: MessageRefusal {
        let faults = self.problema.erros.map { "`\($0.campo)`: \($0.mensagem)" }
        return MessageRefusal(motivo: self.motivo, erro: faults.isEmpty ? self.problema.detail : faults.joined(separator: " "))
    }

    /// The key was used before with other content.
    static let conflito = CommandRefusal(
        Problema(.chaveComOutroConteudo, detail: "Este `message_id` já registrou, nesta conta, um lançamento com outro conteúdo."),
        motivo: .conflito
    )
}
