import Contrato
import FluxoDeCaixa

/// The entries of a run. Each is a function of its number, so that no entry has to be stored.
struct EntryPlan: Sendable {
    struct Entry: Equatable, Sendable {
        /// Index in ``EntryPlan/contas``.
        let conta: Int
        /// Index in ``EntryPlan/dias``.
        let dia: Int
        let tipo: Tipo
        let valor: Valor
        /// Whether it is sent with an idempotency key; every second entry is.
        let hasKey: Bool
    }

    /// The accounts, used by this run only, so that every centavo in them is known.
    let contas: [String]
    /// Oldest first, without gaps.
    let dias: [Dia]
    /// The parameters `de` and `ate` of all days.
    let period: String
    let prefix: String
    private let seed: UInt64

    private static let centavosMax: UInt64 = 1_000_000

    /// - Parameter name: letters and digits.
    init(name: String, contas: Int, dias: Int, ultimoDia: Dia, seed: UInt64) {
        let prefix = "carga-\(name)"
        self.prefix = prefix
        self.contas = (0..<contas).map { "\(prefix).\(Self.padded($0, digits: 4))" }
        self.dias = (0..<dias).reversed().compactMap { ultimoDia.somando(dias: -$0) }
        self.period = "de=\(self.dias.first ?? ultimoDia)&ate=\(ultimoDia)"
        self.seed = seed
    }

    func entry(_ number: Int) -> Entry {
        let a = Self.mix(self.seed &+ UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15)
        let b = Self.mix(a)
        guard let valor = Valor(centavos: Int64(1 + b % Self.centavosMax)) else { preconditionFailure("within the limits of an entry") }
        return Entry(
            conta: Int((a >> 32) % UInt64(self.contas.count)),
            dia: Int((a & 0xFFFF_FFFF) % UInt64(self.dias.count)),
            tipo: b >> 63 == 0 ? .credito : .debito,
            valor: valor,
            hasKey: number % 2 == 0)
    }

    func chave(_ number: Int) -> String { "\(self.prefix)-\(number)" }

    /// The document number of an entry. It finds an entry without a key and without a clear answer.
    func referencia(_ number: Int) -> String { "\(self.prefix)-\(number)" }

    /// Writes an entry as JSON.
    /// - Parameter withKey: whether to write the key as a member, as in a lote.
    func write(_ number: Int, _ entry: Entry, to writer: inout JSONWriter, withKey: Bool = false) {
        writer.object { writer in
            writer.member("conta", self.contas[entry.conta])
            writer.member("tipo", entry.tipo.rawValue)
            writer.member("valor", entry.valor.description)
            writer.member("data", self.dias[entry.dia].description)
            writer.member("referencia", self.referencia(number))
            if withKey, entry.hasKey { writer.member("chave", self.chave(number)) }
        }
    }

    /// The finalizer of SplitMix64. It maps adjacent numbers to unrelated ones.
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    private static func padded(_ number: Int, digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
