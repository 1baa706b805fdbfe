import Foundation
import NIOConcurrencyHelpers
import SeededRandom
import TestSupport

/// A closed-loop load of random entries over accounts and days, with keys, of which some are sent twice.
struct Load: Sendable {
    var entries = 5000
    var accounts = 50
    var days = 40
    var clients = 16
    /// Percent of the entries that are sent once more with the same key and content.
    var repeatedPercent = 5
    var seed: UInt64
    /// Keys begin with it: two loads with the same prefix send the same keys.
    var keyPrefix = "chave"

    /// What to send.
    struct Item: Sendable {
        let entry: Ledger.Entry
        let key: String
        let isRepeated: Bool

        var body: String {
            let tipo = self.entry.centavos > 0 ? "credito" : "debito"
            let valor = Ledger.Day.text(abs(self.entry.centavos))
            return #"{"conta":"\#(self.entry.conta)","tipo":"\#(tipo)","valor":"\#(valor)","data":"\#(self.entry.data)"}"#
        }
    }

    /// The accounts' names.
    var contas: [String] { (0..<self.accounts).map { "loja\($0).caixa" } }

    /// The days up to today in São Paulo, oldest first.
    var dates: [String] {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "America/Sao_Paulo")!
        let today = calendar.startOfDay(for: Date())
        let format = Date.ISO8601FormatStyle(timeZone: calendar.timeZone).year().month().day()
        return (0..<self.days).reversed().map { calendar.date(byAdding: .day, value: -$0, to: today)!.formatted(format) }
    }

    /// The items, in random order.
    func makeItems() -> [Item] {
        var random = SeededGenerator(seed: self.seed)
        let (contas, dates) = (self.contas, self.dates)
        return (0..<self.entries).map { number in
            let centavos = Int.random(in: 1...999_999_99, using: &random) * (Bool.random(using: &random) ? 1 : -1)
            let entry = Ledger.Entry(
                conta: contas.randomElement(using: &random)!, data: dates.randomElement(using: &random)!, centavos: centavos
            )
            let isRepeated = Int.random(in: 0..<100, using: &random) < self.repeatedPercent
            return Item(entry: entry, key: "\(self.keyPrefix)-\(number)", isRepeated: isRepeated)
        }
    }

    /// Sends every item until it is acknowledged, from all clients at once; the repeated ones twice at the same time.
    /// - Parameters:
    ///   - pace: the pause of a client after each entry.
    ///   - onAnswer: receives each status, 0 without an answer.
    /// - Returns: what was acknowledged.
    /// - Throws: ``TestFailure`` for an answer that no retry can better, or if an item is not acknowledged within 120 s.
    func run(
        against stack: Stack,
        pace: Duration = .zero,
        onAnswer: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws -> Ledger {
        let api = API(token: stack.token)
        let items = self.makeItems()
        let ledger = NIOLockedValueBox(Ledger())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<self.clients {
                group.addTask {
                    for position in stride(from: client, to: items.count, by: self.clients) {
                        let item = items[position]
                        async let second: Void = item.isRepeated ? Self.register(item, api, stack, onAnswer) : ()
                        try await Self.register(item, api, stack, onAnswer)
                        try await second
                        ledger.withLockedValue { $0.add(item.entry) }
                        if pace > .zero { try await Task.sleep(for: pace) }
                    }
                }
            }
            try await group.waitForAll()
        }
        return ledger.withLockedValue { $0 }
    }

    private static func register(_ item: Item, _ api: API, _ stack: Stack, _ onAnswer: @Sendable (Int) -> Void) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while true {
            let answer = try? await api.post(stack.lancamentos, item.body, key: item.key)
            onAnswer(answer?.status ?? 0)
            switch answer?.status {
            case 200, 201: return
            case nil, 503: break
            default: throw TestFailure("POST answered \(answer?.status ?? 0): \(answer?.text ?? "")")
            }
            guard .now < deadline else {
                throw TestFailure("an entry was not acknowledged within 120 s; last answer \(answer?.text ?? "none")")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
