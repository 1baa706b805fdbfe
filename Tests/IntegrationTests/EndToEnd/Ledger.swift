import TestSupport

/// What a test has had acknowledged, and from it the balances by the plainest arithmetic: an independent recomputation.
struct Ledger: Sendable {
    struct Entry: Sendable {
        let conta: String
        let data: String
        /// Signed centavos.
        let centavos: Int
    }

    struct Day: Equatable, Sendable {
        var saldoInicial = 0
        var creditos = 0
        var debitos = 0
        var quantidadeCreditos = 0
        var quantidadeDebitos = 0

        var saldoFinal: Int { self.saldoInicial + self.creditos - self.debitos }
    }

    private(set) var entries: [Entry] = []

    mutating func add(_ entry: Entry) {
        self.entries.append(entry)
    }

    /// The days of an account, in the order asked for.
    func days(of conta: String, _ dates: [String]) -> [Day] {
        let mine = self.entries.filter { $0.conta == conta }
        return dates.map { date in
            var day = Day()
            for entry in mine {
                // Dates of this form sort as text.
                if entry.data < date { day.saldoInicial += entry.centavos }
                guard entry.data == date else { continue }
                if entry.centavos > 0 {
                    day.creditos += entry.centavos
                    day.quantidadeCreditos += 1
                } else {
                    day.debitos -= entry.centavos
                    day.quantidadeDebitos += 1
                }
            }
            return day
        }
    }
}

extension Ledger.Day {
    /// As the system answers it; nil if a member is missing or malformed.
    init?(_ answer: API.Answer) {
        guard
            let saldoInicial = Self.centavos(answer["saldo_inicial"]),
            let creditos = Self.centavos(answer["total_creditos"]),
            let debitos = Self.centavos(answer["total_debitos"]),
            let quantidadeCreditos = answer["quantidade_creditos"].flatMap({ Int($0) }),
            let quantidadeDebitos = answer["quantidade_debitos"].flatMap({ Int($0) }),
            let saldoFinal = Self.centavos(answer["saldo_final"])
        else { return nil }
        self.init(
            saldoInicial: saldoInicial,
            creditos: creditos,
            debitos: debitos,
            quantidadeCreditos: quantidadeCreditos,
            quantidadeDebitos: quantidadeDebitos
        )
        guard self.saldoFinal == saldoFinal else { return nil }
    }

    /// Reads `-12.30` as -1230.
    static func centavos(_ text: String?) -> Int? {
        guard let text, let dot = text.lastIndex(of: "."), text[dot...].count == 3 else { return nil }
        return Int(text[..<dot] + text[text.index(after: dot)...])
    }

    /// Writes 1230 as `12.30`.
    static func text(_ centavos: Int) -> String {
        "\(centavos / 100)." + String(centavos % 100 + 100).dropFirst()
    }
}
