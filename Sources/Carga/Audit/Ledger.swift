import FluxoDeCaixa

/// What one day of one account holds: expected of what was acknowledged, or seen in a balance.
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

/// What was attempted in a run and what became of it, summed by account and day, so that its size does not depend on how many entries
/// there were.
struct Ledger: Sendable {
    /// An entry without a clear answer.
    struct Unknown: Equatable, Sendable {
        let number: Int
        /// Named by a 503 `resultado-desconhecido`.
        let id: LancamentoID?
    }

    /// How many of them are looked up afterwards; beyond it a run cannot be audited.
    static let unknownMax = 100_000

    private(set) var attempted = 0
    private(set) var acknowledged = 0
    /// Certainly not registered, by what the service said.
    private(set) var refused = 0
    /// Without a clear answer, those settled meanwhile included.
    private(set) var unclear = 0
    private(set) var settledAsRegistered = 0
    private(set) var settledAsAbsent = 0
    /// Not settled.
    private(set) var unknown: [Unknown] = []
    /// Those that found no place in ``unknown``.
    private(set) var forgotten = 0
    private var sums: [DaySum]
    private let dias: Int

    init(contas: Int, dias: Int) {
        self.dias = dias
        self.sums = Array(repeating: DaySum(), count: contas * dias)
    }

    /// The number of the next entry.
    var nextNumber: Int { self.attempted }
    /// How many entries the balances must hold.
    var expected: Int { self.acknowledged + self.settledAsRegistered }

    subscript(conta conta: Int, dia dia: Int) -> DaySum { self.sums[conta * self.dias + dia] }

    mutating func attempt(_ count: Int = 1) {
        self.attempted += count
    }

    mutating func acknowledge(_ entry: EntryPlan.Entry) {
        self.acknowledged += 1
        self.sums[entry.conta * self.dias + entry.dia].add(entry)
    }

    mutating func refuse() {
        self.refused += 1
    }

    mutating func leaveUnclear(_ number: Int, id: LancamentoID? = nil) {
        self.unclear += 1
        if self.unknown.count < Self.unknownMax {
            self.unknown.append(Unknown(number: number, id: id))
        } else {
            self.forgotten += 1
        }
    }

    /// Takes what is not settled out, to be settled and, where it cannot be, put back.
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
