import Contrato
import Fixtures
import NIOConcurrencyHelpers
import SeededRandom
import TestSupport
import Testing

/// A million entries by lotes, four at once.
@Suite(
    .enabled(if: TestServers.hasEverything && TestServers.runsLongTests, "runs with deploy/local/test --tudo"), .serialized,
    .timeLimit(.minutes(15))
)
struct MillionTests {
    private static let residentMaxKiB = 150_000_000 / 1024
    private static let lotes = 8
    private static let linesPerLote = 125_000
    private static let contas = (0..<100).map { "loja\($0).caixa" }
    private static let dates = (1...28).map { "2026-01-" + ($0 < 10 ? "0" : "") + "\($0)" }

    @Test func `a million lines are registered and consolidated exactly, in bounded memory`() async throws {
        try await Stack.with(consolidados: 2) { stack in
            let ledger = NIOLockedValueBox<[String: [String: Int]]>([:])
            let most = NIOLockedValueBox(0)
            let watch = Task {
                while !Task.isCancelled {
                    let resident = try stack.lancamentos.residentMemoryKiB()
                    most.withLockedValue { $0 = max($0, resident) }
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
            defer { watch.cancel() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lote in 0..<Self.lotes {
                    if lote >= 4 { try await group.next() }
                    group.addTask { try await Self.send(lote, stack, ledger) }
                }
                try await group.waitForAll()
            }
            let expected = ledger.withLockedValue { $0 }
            for conta in Self.contas { try await Self.expect(expected[conta] ?? [:], of: conta, stack) }
            #expect(most.withLockedValue { $0 } < Self.residentMaxKiB, "lancamentos took \(most.withLockedValue { $0 }) KiB")
        }
    }

    private static func send(_ lote: Int, _ stack: Stack, _ ledger: NIOLockedValueBox<[String: [String: Int]]>) async throws {
        var random = SeededGenerator(seed: UInt64(lote))
        var body = ""
        body.reserveCapacity(16 << 20)
        var sums: [String: [String: Int]] = [:]
        for _ in 0..<self.linesPerLote {
            let (conta, date) = (self.contas.randomElement(using: &random)!, self.dates.randomElement(using: &random)!)
            let centavos = Int.random(in: 1...99_999_99, using: &random) * (Bool.random(using: &random) ? 1 : -1)
            let tipo = centavos > 0 ? "credito" : "debito"
            body += "{\"conta\":\"\(conta)\",\"tipo\":\"\(tipo)\",\"valor\":\(Ledger.Day.text(abs(centavos))),\"data\":\"\(date)\"}\n"
            sums[conta, default: [:]][date, default: 0] += centavos
        }
        let answer = try await API(token: stack.token).send(
            "POST", "\(stack.lancamentos.url)/v1/lancamentos/lote", headers: [("Content-Type", "application/x-ndjson")], body: body,
            timeoutSeconds: 600)
        let registered = answer.text.utf8.count { $0 == UInt8(ascii: "\n") }
        #expect(registered == self.linesPerLote)
        #expect(!answer.text.contains("\"erro\""))
        ledger.withLockedValue { ledger in
            for (conta, days) in sums { ledger[conta, default: [:]].merge(days, uniquingKeysWith: +) }
        }
    }

    private static func expect(_ days: [String: Int], of conta: String, _ stack: Stack) async throws {
        let path = "/v1/consolidados?conta=\(conta)&de=\(self.dates[0])&ate=\(self.dates[27])"
        var seen: [String: Int] = [:]
        let isComplete = try await eventually(within: .seconds(300)) {
            let answer = try await API(token: stack.token).get(stack.consolidados[1], path)
            guard case .array(let rows)? = try JSONReader.read(answer.body)["dias"] else { throw TestFailure("no days: \(answer.text)") }
            for row in rows {
                guard case .string(let date)? = row["data"], case .string(let saldo)? = row["saldo_do_dia"] else { continue }
                seen[date] = Ledger.Day.centavos(saldo)
            }
            return seen == days
        }
        #expect(isComplete, "\(conta): \(seen) instead of \(days)")
    }
}
