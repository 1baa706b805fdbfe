import FluxoDeCaixa

/// The entries of one day of one account, as acknowledged or as a balance shows them.
struct DaySum: Equatable, Sendable {
    var creditosCentavos: Int128 = 0
    var debitosCentavos: Int128 = 0
    var quantidadeCreditos = 0
    var quantidadeDebitos = 0

    var quantidade: Int { self.quantidadeCreditos + self.quantidadeDebitos }
    var saldoCentavos: Int128 { self.creditosCentavos - self.debitosCentavos }

    mutating func add(_ entry: EntryPlan.Entry) {
        switch entry.tipo {
        case .credito:
            self.creditosCentavos += Int128(entry.valor.centavos)
            self.quantidadeCreditos += 1
        case .debito:
            self.debitosCentavos += Int128(entry.valor.centavos)
            self.quantidadeDebitos += 1
        }
    }
}

/// The outcomes of a run's entries, summed by account and day. Its size does not depend on the number of entries.
struct Ledger: Sendable {
    /// An entry without a clear answer.
    struct Unknown: Equatable, Sendable {
        let number: Int
        /// The id in a 503 `resultado-desconhecido`.
        let id: LancamentoID?
    }

    /// The number of unclear entries that can be looked up. A run with more cannot be audited.
    static let unknownMax = 100_000

    /// The number of entries attempted, which is also the number of the next one.
    private(set) var attempted = 0
    private(set) var acknowledged = 0
    /// Entries without a clear answer, including those settled since.
    private(set) var unclear = 0
    private(set) var settledAsRegistered = 0
    private(set) var settledAsAbsent = 0
    private(set) var unknown: [Unknown] = []
    /// The number of unclear entries beyond ``unknownMax``.
    private(set) var forgotten = 0
    private var sums: [DaySum]
    private let dias: Int

    init(contas: Int, dias: Int) {
        self.dias = dias
        self.sums = Array(repeating: DaySum(), count: contas * dias)
    }

    /// The number of entries that the balances must hold.
    var expected: Int { self.acknowledged + self.settledAsRegistered }

    subscript(conta conta: Int, dia dia: Int) -> DaySum { self.sums[conta * self.dias + dia] }

    mutating func attempt(_ count: Int = 1) {
        self.attempted += count
    }

    mutating func acknowledge(_ entry: EntryPlan.Entry) {
        self.acknowledged += 1
        self.sums[entry.conta * self.dias + entry.dia].add(entry)
    }

    mutating func leaveUnclear(_ number: Int, id: LancamentoID? = nil) {
        self.unclear += 1
        if self.unknown.count < Self.unknownMax {
            self.unknown.append(Unknown(number: number, id: id))
        } else {
            self.forgotten += 1
        }
    }

    /// Removes and returns the entries that are not settled. ``putBack(_:)`` returns those that stay unclear.
    mutating func takeUnknown() -> [Unknown] {
        defer { self.unknown = [] }
        return self.unknown
    }

    mutating func putBack(_ unknown: Unknown) {
        self.unknown.append(unknown)
    }

    mutating func settle(_ entry: EntryPlan.Entry, isRegistered: Bool) {
        if isRegistered {
            self.settledAsRegistered += 1
            self.sums[entry.conta * self.dias + entry.dia].add(entry)
        } else {
            self.settledAsAbsent += 1
        }
    }
}
