import FluxoDeCaixa
import Observability

/// A command as it was understood: an entry that its sender may register.
struct Command: Sendable {
    /// What was sent; its key is the message's `message_id`.
    let novo: NovoLancamento
    /// The day of the message's `timestamp`, which counts where the entry names none; nil: today does.
    let diaDoEnvio: Dia?
    /// The user that the broker vouches for.
    let registradoPor: String?
    /// The sender's trace with this command as its span, or a new trace.
    let hop: Hop
}
