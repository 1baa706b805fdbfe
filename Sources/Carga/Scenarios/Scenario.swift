/// The scenarios by name.
enum Scenario: String, CaseIterable, Sendable {
    case pico
    case limite
    case lote
    case leitura
    case rajada
    case escala
    case sobrecarga
    case estavel
    case crescimento

    /// What is run unless told otherwise.
    static let usual: [Scenario] = [.pico, .limite, .lote, .leitura, .rajada, .escala, .sobrecarga]

    var help: String {
        switch self {
        case .pico: "the peak: writes and reads at constant rates (500/s each for 60 s unless told otherwise)"
        case .limite: "the highest rate of writes held with p99 < 100 ms and nothing lost, by steps"
        case .lote: "entries a second by /v1/lancamentos/lote"
        case .leitura: "the highest rate of reads held with p99 < 100 ms, by steps"
        case .rajada: "consolidado stopped while entries come (60 s unless told otherwise), started: how fast it drains (needs --escalar)"
        case .escala: "a backlog drained by 1, 2 and 4 consumers (needs --escalar)"
        case .sobrecarga: "twice what the system carries: it sheds, stays quick for what it accepts, recovers within 5 s"
        case .estavel: "10 minutes at half the limit"
        case .crescimento: "10 million entries unless told otherwise; checks the disk first (needs --disco)"
        }
    }
}
