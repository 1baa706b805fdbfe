import Contrato

/// A day as a balance shows it.
struct DaySeen: Equatable, Sendable {
    var sum = DaySum()
    var saldoInicialCentavos: Int128 = 0
    var saldoFinalCentavos: Int128 = 0
}

/// Reads answers to `GET /v1/consolidados` and to the list of entries.
enum BalanceReader {
    /// The rows of a period; nil if the answer has another form.
    static func days(_ bytes: [UInt8]) -> [DaySeen]? {
        guard case .array(let rows)? = (try? JSONReader.read(bytes))?["dias"] else { return nil }
        var days: [DaySeen] = []
        for row in rows {
            guard let day = self.day(row) else { return nil }
            days.append(day)
        }
        return days
    }

    /// How many entries a period holds; nil if the answer has another form.
    static func quantity(_ bytes: [UInt8]) -> Int? {
        guard let totais = (try? JSONReader.read(bytes))?["totais"], let credits = self.integer(totais["quantidade_creditos"]),
            let debits = self.integer(totais["quantidade_debitos"])
        else { return nil }
        return credits + debits
    }

    /// How many entries a page of the list has, and where it goes on; nil if the answer has another form.
    static func page(_ bytes: [UInt8]) -> (count: Int, next: String?)? {
        guard let page = try? JSONReader.read(bytes), case .array(let items)? = page["itens"] else { return nil }
        if case .string(let cursor)? = page["proximo"] { return (items.count, cursor) }
        return (items.count, nil)
    }

    /// Reads `-12.30` as -1230.
    static func centavos(_ text: String) -> Int128? {
        let isNegative = text.hasPrefix("-")
        let parts = text.dropFirst(isNegative ? 1 : 0).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.count == 2, let reais = Int128(parts[0]), let cents = Int128(parts[1]), reais >= 0, cents >= 0
        else { return nil }
        return (reais * 100 + cents) * (isNegative ? -1 : 1)
    }

    private static func day(_ row: JSONValue) -> DaySeen? {
        guard let credits = self.centavos(row["total_creditos"]), let debits = self.centavos(row["total_debitos"]),
            let opening = self.centavos(row["saldo_inicial"]), let closing = self.centavos(row["saldo_final"]),
            let creditCount = self.integer(row["quantidade_creditos"]), let debitCount = self.integer(row["quantidade_debitos"])
        else { return nil }
        return DaySeen(
            sum: DaySum(
                creditosCentavos: credits, debitosCentavos: debits, quantidadeCreditos: creditCount, quantidadeDebitos: debitCount),
            saldoInicialCentavos: opening, saldoFinalCentavos: closing)
    }

    private static func integer(_ value: JSONValue?) -> Int? {
        guard case .number(let text)? = value else { return nil }
        return Int(text)
    }

    private static func centavos(_ value: JSONValue?) -> Int128? {
        guard case .string(let text)? = value else { return nil }
        return self.centavos(text)
    }
}
