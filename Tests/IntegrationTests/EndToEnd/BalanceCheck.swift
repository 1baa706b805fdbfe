import Fixtures
import TestSupport
import Testing

/// Compares every day of every account, from every instance, with the recomputation.
enum BalanceCheck {
    /// Waits until all that was acknowledged is in the balances, then compares.
    static func expectEqual(_ ledger: Ledger, _ load: Load, _ stack: Stack) async throws {
        let api = API(token: stack.token)
        try await self.waitUntilApplied(ledger, load, api, stack)
        for instance in stack.consolidados {
            var different: [String] = []
            try await withThrowingTaskGroup(of: [String].self) { group in
                for conta in load.contas {
                    group.addTask { try await self.differences(of: conta, ledger, load, api, instance) }
                }
                for try await found in group { different += found }
            }
            #expect(different.isEmpty, "\(different.count) days differ at \(instance.url), the first: \(different.first ?? "")")
        }
    }

    /// The number of entries of an account is a sum over its days, so it is asked of the period: cheap enough to repeat.
    private static func waitUntilApplied(_ ledger: Ledger, _ load: Load, _ api: API, _ stack: Stack) async throws {
        let (first, last) = (load.dates.first!, load.dates.last!)
        var applied = 0
        let isComplete = try await eventually {
            applied = 0
            for conta in load.contas {
                let answer = try await api.get(stack.consolidados[0], "/v1/consolidados?conta=\(conta)&de=\(first)&ate=\(last)")
                applied += try #require(Self.quantity(answer), "the period of \(conta) answered \(answer.status): \(answer.text)")
            }
            // More than was acknowledged is a doubled entry: the comparison will name the day.
            return applied >= ledger.entries.count
        }
        #expect(isComplete, "only \(applied) of \(ledger.entries.count) entries are in the balances")
    }

    private static func quantity(_ answer: API.Answer) -> Int? {
        guard answer.status == 200 else { return nil }
        let totais = answer.member("totais")
        guard let credits = totais?.integer("quantidade_creditos"), let debits = totais?.integer("quantidade_debitos") else { return nil }
        return credits + debits
    }

    private static func differences(
        of conta: String, _ ledger: Ledger, _ load: Load, _ api: API, _ instance: ServiceProcess
    ) async throws -> [String] {
        let dates = load.dates
        var different: [String] = []
        for (date, expected) in zip(dates, ledger.days(of: conta, dates)) {
            let answer = try await api.get(instance, "/v1/consolidados/\(date)?conta=\(conta)")
            let seen = Ledger.Day(answer)
            if seen != expected { different.append("\(conta) \(date): expected \(expected), saw \(answer.text)") }
        }
        return different
    }
}
