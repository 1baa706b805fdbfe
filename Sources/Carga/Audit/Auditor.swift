import Contrato
import FluxoDeCaixa

/// Compares what was acknowledged in a run with the balances that the system shows. It uses HTTP only, as a client does.
struct Auditor: Sendable {
    struct Limits: Sendable {
        /// A 404 proves absence only this long after an unclear answer (the contract says 30 s).
        var absentAfter: Duration = .seconds(31)
        /// Balances that have not changed for this long count as final.
        var quietMax: Duration = .seconds(10)
        var waitMax: Duration = .seconds(600)
        var pollInterval: Duration = .milliseconds(200)
    }

    static let requestsMax = 16
    private static let attemptsMax = 5
    /// The number of days whose entries are listed and counted.
    private static let listedDaysMax = 200

    let plan: EntryPlan
    let lancamentos: HTTPSender
    let consolidado: HTTPSender
    var limits = Limits()

    /// Settles the entries without a clear answer, waits until the balances are complete or stop changing, and compares every day.
    /// - Parameter ledger: has its unclear entries settled when this returns.
    /// - Throws: ``BenchFailure`` if the system does not answer, `CancellationError`.
    func audit(_ ledger: inout Ledger) async throws -> AuditReport {
        let begin = ContinuousClock.now
        try await self.settle(&ledger)
        try await self.waitForBalances(expected: ledger.expected)
        let waited = ContinuousClock.now - begin
        var comparison = AuditComparison(plan: self.plan, ledger: ledger)
        try await self.forEach(self.plan.contas.indices) { conta in
            try await self.days(conta)
        } take: { conta, days in
            comparison.take(conta: conta, days)
        }
        let surplus = comparison.surplus
        try await self.forEach(surplus.indices) { position in
            let day = surplus[position]
            return position < Self.listedDaysMax ? try await self.registered(conta: day.conta, dia: day.dia) : nil
        } take: { position, registered in
            let day = surplus[position]
            comparison.take(registered: registered, conta: day.conta, dia: day.dia, surplus: day.surplus)
        }
        var report = comparison.report
        report.waited = waited
        return report
    }

    /// Waits until the balances hold the expected number of entries or stop changing.
    /// - Returns: the number of entries that they hold.
    @discardableResult
    func waitForBalances(expected: Int, onChange: (Int) -> Void = { _ in }) async throws -> Int {
        let clock = ContinuousClock()
        let end = clock.now + self.limits.waitMax
        var (seen, changedAt) = (-1, clock.now)
        while true {
            let now = try await self.quantity()
            if now != seen {
                (seen, changedAt) = (now, clock.now)
                onChange(now)
            }
            if seen >= expected || clock.now - changedAt > self.limits.quietMax || clock.now > end { return seen }
            try await Task.sleep(for: self.limits.pollInterval)
        }
    }

    /// The number of entries in the balances of the run.
    func quantity() async throws -> Int {
        let target = "/v1/consolidados?conta=\(self.plan.prefix).*&\(self.plan.period)"
        let answer = try await self.get(self.consolidado, target) { $0 == 200 }
        guard let quantity = BalanceReader.quantity(answer.bytes) else {
            throw BenchFailure("GET \(target): not the form of a period")
        }
        return quantity
    }

    // MARK: Unclear entries

    private func settle(_ ledger: inout Ledger) async throws {
        let open = ledger.takeUnknown()
        guard !open.isEmpty else { return }
        let absentAt = ContinuousClock.now + self.limits.absentAfter
        let missing = try await self.settle(open, &ledger)
        guard !missing.isEmpty else { return }
        try await Task.sleep(until: absentAt)
        for unknown in try await self.settle(missing, &ledger) { ledger.settle(self.plan.entry(unknown.number), isRegistered: false) }
    }

    private func settle(_ open: [Ledger.Unknown], _ ledger: inout Ledger) async throws -> [Ledger.Unknown] {
        var missing: [Ledger.Unknown] = []
        var (registered, unanswered): ([Ledger.Unknown], [Ledger.Unknown]) = ([], [])
        try await self.forEach(open.indices) { position in
            try await self.isRegistered(open[position])
        } take: { position, isRegistered in
            switch isRegistered {
            case true?: registered.append(open[position])
            case false?: missing.append(open[position])
            case nil: unanswered.append(open[position])
            }
        }
        for unknown in registered { ledger.settle(self.plan.entry(unknown.number), isRegistered: true) }
        for unknown in unanswered { ledger.putBack(unknown) }
        return missing
    }

    /// - Returns: nil if the service does not answer.
    private func isRegistered(_ unknown: Ledger.Unknown) async throws -> Bool? {
        let entry = self.plan.entry(unknown.number)
        let target =
            if let id = unknown.id {
                "/v1/lancamentos/\(id)"
            } else if entry.hasKey {
                "/v1/lancamentos?conta=\(self.plan.contas[entry.conta])&chave=\(self.plan.chave(unknown.number))"
            } else {
                "/v1/lancamentos?conta=\(self.plan.contas[entry.conta])&referencia=\(self.plan.referencia(unknown.number))"
            }
        guard let answer = try? await self.get(self.lancamentos, target, wants: { $0 == 200 || $0 == 404 }) else {
            try Task.checkCancellation()
            return nil
        }
        if unknown.id != nil { return answer.status == 200 }
        return BalanceReader.page(answer.bytes).map { $0.count > 0 }
    }

    // MARK: Balances

    private func days(_ conta: Int) async throws -> [DaySeen] {
        let target = "/v1/consolidados?conta=\(self.plan.contas[conta])&\(self.plan.period)"
        let answer = try await self.get(self.consolidado, target) { $0 == 200 }
        guard let days = BalanceReader.days(answer.bytes), days.count == self.plan.dias.count else {
            throw BenchFailure("GET \(target): not the days that were asked for")
        }
        return days
    }

    /// The number of entries registered on a day.
    private func registered(conta: Int, dia: Int) async throws -> Int {
        let day = self.plan.dias[dia]
        let first = "/v1/lancamentos?conta=\(self.plan.contas[conta])&de=\(day)&ate=\(day)&limite=500"
        var (count, target) = (0, Optional(first))
        while let page = target {
            let answer = try await self.get(self.lancamentos, page) { $0 == 200 }
            guard let read = BalanceReader.page(answer.bytes) else { throw BenchFailure("GET \(page): not the form of a list") }
            count += read.count
            target = read.next.map { "\(first)&cursor=\($0)" }
        }
        return count
    }

    private func get(_ sender: HTTPSender, _ target: String, wants: (Int) -> Bool) async throws -> HTTPAnswer {
        var last = ""
        for attempt in 1...Self.attemptsMax {
            do throws(RequestFailure) {
                let answer = try await sender.send { $0.get(target) }
                if wants(answer.status) { return answer }
                last = "status \(answer.status)"
            } catch {
                last = "\(error)"
            }
            if attempt < Self.attemptsMax { try await Task.sleep(for: .milliseconds(500)) }
        }
        throw BenchFailure("GET \(target): \(last), \(Self.attemptsMax) times")
    }

    /// Calls `ask` for each position, up to ``requestsMax`` at a time, and passes the answers to `take` one by one.
    private func forEach<Answer: Sendable>(
        _ positions: Range<Int>, ask: @escaping @Sendable (Int) async throws -> Answer, take: (Int, Answer) -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
            var next = positions.lowerBound
            while next < min(positions.upperBound, positions.lowerBound + Self.requestsMax) {
                group.addTask { [next] in (next, try await ask(next)) }
                next += 1
            }
            while let (position, answer) = try await group.next() {
                take(position, answer)
                guard next < positions.upperBound else { continue }
                group.addTask { [next] in (next, try await ask(next)) }
                next += 1
            }
        }
    }
}

/// A day as the balances show it.
struct DaySeen: Equatable, Sendable {
    var sum = DaySum()
    var saldoInicialCentavos: Int128 = 0
    var saldoFinalCentavos: Int128 = 0
}

/// Reads answers of `GET /v1/consolidados` and of the list of entries.
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

    /// The number of entries in a period; nil if the answer has another form.
    static func quantity(_ bytes: [UInt8]) -> Int? {
        guard let totais = (try? JSONReader.read(bytes))?["totais"], let credits = totais["quantidade_creditos"]?.integer,
            let debits = totais["quantidade_debitos"]?.integer
        else { return nil }
        return credits + debits
    }

    /// The number of entries on a page of the list and the cursor of the next page; nil if the answer has another form.
    static func page(_ bytes: [UInt8]) -> (count: Int, next: String?)? {
        guard let page = try? JSONReader.read(bytes), case .array(let items)? = page["itens"] else { return nil }
        return (items.count, page["proximo"]?.text)
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
        func amount(_ name: String) -> Int128? { row[name]?.text.flatMap { self.centavos($0) } }
        guard let credits = amount("total_creditos"), let debits = amount("total_debitos"), let opening = amount("saldo_inicial"),
            let closing = amount("saldo_final"),
            let creditCount = row["quantidade_creditos"]?.integer, let debitCount = row["quantidade_debitos"]?.integer
        else { return nil }
        return DaySeen(
            sum: DaySum(
                creditosCentavos: credits, debitosCentavos: debits, quantidadeCreditos: creditCount, quantidadeDebitos: debitCount),
            saldoInicialCentavos: opening, saldoFinalCentavos: closing)
    }
}
