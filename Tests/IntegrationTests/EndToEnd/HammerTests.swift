import AMQP
import Contrato
import Fixtures
import FluxoDeCaixa
import Foundation
import Logging
import NIOConcurrencyHelpers
import TestSupport
import Testing

/// Every way in and out at once, while consolidado instances come and go.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(10))
)
struct HammerTests {
    private static let seconds = TestServers.runsLongTests ? 60 : 15
    private static let contas = (0..<8).map { "loja42.caixa\($0)" } + (0..<4).map { "loja7.caixa\($0)" }

    @Test func `every entry, by any way in, is in the balances and their notices to the centavo`() async throws {
        try await Stack.with(consolidados: 3) { stack in
            let ledger = NIOLockedValueBox(Ledger())
            let news = News(try AMQPConfiguration(url: stack.amqpURL, connectionName: "noticias"))
            try await withThrowingTaskGroup(of: Void.self) { background in
                // From before the first entry: a notice without a listener is not repeated.
                try await news.declare()
                background.addTask { await news.run() }
                try await Self.hammer(stack, ledger)
                try await Self.expectBalances(ledger.withLockedValue { $0 }, stack)
                try await Self.expectNews(news, stack)
                background.cancelAll()
            }
        }
    }

    // MARK: - Ways in

    private static func hammer(_ stack: Stack, _ ledger: NIOLockedValueBox<Ledger>) async throws {
        let end = ContinuousClock.now + .seconds(self.seconds)
        let dates = Load(seed: 0).dates
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<4 {
                group.addTask {
                    while .now < end { try await Self.one(stack, dates, key: client % 2 == 0, ledger) }
                }
            }
            group.addTask { while .now < end { try await Self.lote(stack, dates, ledger) } }
            group.addTask { while .now < end { try await Self.reverse(stack, dates, ledger) } }
            group.addTask { try await Self.commands(stack, dates, until: end, ledger) }
            group.addTask {
                while .now < end {
                    for path in ["?conta=loja42.*&limite=20", "?conta=loja7.caixa1&tipo=debito"] {
                        #expect(try await API(token: stack.token).get(stack.lancamentos, "/v1/lancamentos" + path).status == 200)
                    }
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            group.addTask {
                // The first stays: reads need one.
                while .now < end {
                    for instance in stack.consolidados.dropFirst() {
                        instance.kill()
                        try await Task.sleep(for: .milliseconds(700))
                        try await instance.start()
                        await instance.terminate()
                        try await instance.start()
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func item(_ dates: [String]) -> Ledger.Entry {
        Ledger.Entry(
            conta: self.contas.randomElement()!, data: dates.randomElement()!,
            centavos: Int.random(in: 1...9_999_99) * (Bool.random() ? 1 : -1))
    }

    private static func json(_ entry: Ledger.Entry, more: String = "") -> String {
        let tipo = entry.centavos > 0 ? "credito" : "debito"
        return
            #"{"conta":"\#(entry.conta)","tipo":"\#(tipo)","valor":"\#(Ledger.Day.text(abs(entry.centavos)))","data":"\#(entry.data)"\#(more)}"#
    }

    private static func one(_ stack: Stack, _ dates: [String], key: Bool, _ ledger: NIOLockedValueBox<Ledger>) async throws {
        let entry = self.item(dates)
        let answer = try await API(token: stack.token).post(stack.lancamentos, self.json(entry), key: key ? UUID().uuidString : nil)
        #expect(answer.status == 201, "\(answer.text)")
        ledger.withLockedValue { $0.add(entry) }
    }

    private static func lote(_ stack: Stack, _ dates: [String], _ ledger: NIOLockedValueBox<Ledger>) async throws {
        let entries = (0..<50).map { _ in self.item(dates) }
        // A bad line and a repeated key between the good ones.
        let keyed = self.json(entries[0], more: ",\"chave\":\"\(UUID().uuidString)\"")
        let lines = [keyed, "x", keyed] + entries.dropFirst().map { self.json($0) }
        let answer = try await API(token: stack.token).send(
            "POST", "\(stack.lancamentos.url)/v1/lancamentos/lote", headers: [("Content-Type", "application/x-ndjson")],
            body: lines.joined(separator: "\n"))
        #expect(answer.text.split(separator: "\n").count { $0.contains("\"status\":201") } == 50, "\(answer.text.prefix(500))")
        ledger.withLockedValue { ledger in
            for entry in entries { ledger.add(entry) }
        }
    }

    private static func reverse(_ stack: Stack, _ dates: [String], _ ledger: NIOLockedValueBox<Ledger>) async throws {
        let entry = self.item(dates)
        let api = API(token: stack.token)
        let id = try #require(try await api.post(stack.lancamentos, self.json(entry))["id"])
        async let first = api.send("POST", "\(stack.lancamentos.url)/v1/lancamentos/\(id)/estorno")
        async let second = api.send("POST", "\(stack.lancamentos.url)/v1/lancamentos/\(id)/estorno")
        let answers = try await [first, second]
        #expect(answers.map(\.status).sorted() == [200, 201])
        let date = try #require(answers[0]["data"])
        ledger.withLockedValue { ledger in
            ledger.add(entry)
            ledger.add(Ledger.Entry(conta: entry.conta, data: date, centavos: -entry.centavos))
        }
    }

    /// Confirmed by the broker is as good as a 201. Each command is sent twice.
    private static func commands(
        _ stack: Stack, _ dates: [String], until end: ContinuousClock.Instant, _ ledger: NIOLockedValueBox<Ledger>
    ) async throws {
        let publisher = ConfirmedPublisher(
            configuration: try AMQPConfiguration(url: stack.amqpURL, connectionName: "comandos"), topology: AMQPTopology(),
            logger: Logger(label: "tests"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await publisher.run() }
            while .now < end {
                let entries = (0..<20).map { _ in self.item(dates) }
                let messages = entries.map { entry in
                    var properties = AMQPProperties()
                    properties.messageID = UUID().uuidString
                    properties.contentType = "application/json"
                    properties.persistent = true
                    return AMQPMessage(
                        exchange: AMQPNames.Exchange.comandos, routingKey: "lancamento.registrar.\(entry.conta)", properties: properties,
                        body: Array(self.json(entry).utf8))
                }
                let outcomes = await publisher.publish(messages + messages)
                #expect(outcomes.allSatisfy { $0 == .confirmed }, "\(outcomes)")
                ledger.withLockedValue { ledger in
                    for entry in entries { ledger.add(entry) }
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            group.cancelAll()
        }
    }

    // MARK: - What came out

    private static func expectBalances(_ ledger: Ledger, _ stack: Stack) async throws {
        let dates = Load(seed: 0).dates
        let api = API(token: stack.token)
        for instance in stack.consolidados {
            for conta in self.contas {
                let expected = ledger.days(of: conta, dates)
                var seen: [Ledger.Day?] = []
                let isComplete = try await eventually {
                    let answer = try await api.get(instance, "/v1/consolidados?conta=\(conta)&de=\(dates[0])&ate=\(dates.last!)")
                    seen = try Self.rows(answer).map { Ledger.Day($0) }
                    return seen == expected
                }
                #expect(isComplete, "\(conta) at \(instance.url): \(seen) instead of \(expected)")
            }
            for filtro in ["loja42", "loja7"] {
                let mine = self.contas.filter { $0.hasPrefix(filtro + ".") }.map { ledger.days(of: $0, dates) }
                let sums = dates.indices.map { day in mine.reduce(Ledger.Day()) { $0 + $1[day] } }
                let answer = try await api.get(instance, "/v1/consolidados?conta=\(filtro).*&de=\(dates[0])&ate=\(dates.last!)")
                #expect(try Self.rows(answer).map { Ledger.Day($0) } == sums, "\(filtro).* at \(instance.url)")
            }
        }
    }

    static func rows(_ answer: API.Answer) throws -> [JSONValue] {
        guard case .array(let rows)? = try JSONReader.read(answer.body)["dias"] else { throw TestFailure("no days: \(answer.text)") }
        return rows
    }

    /// The newest version announced for a day equals what REST answers for that day's own movements.
    private static func expectNews(_ news: News, _ stack: Stack) async throws {
        let members = [
            "total_creditos", "total_debitos", "transferencias_entrada", "transferencias_saida", "saldo_do_dia", "quantidade_creditos",
            "quantidade_debitos",
        ]
        let dates = Load(seed: 0).dates
        for conta in self.contas {
            var different: [String] = []
            let isEqual = try await eventually {
                let answer = try await API(token: stack.token).get(
                    stack.consolidados[0], "/v1/consolidados?conta=\(conta)&de=\(dates[0])&ate=\(dates.last!)")
                different = try Self.rows(answer).compactMap { row in
                    guard case .string(let data)? = row["data"], row["atualizado_em"] != .null else { return nil }
                    guard let notice = news.newest(conta, data) else { return "\(conta) \(data): no notice" }
                    return members.allSatisfy { notice[$0] == row[$0] } ? nil : "\(conta) \(data): notice \(notice), REST \(row)"
                }
                return different.isEmpty
            }
            #expect(isEqual, "\(different.first ?? "")")
        }
    }
}

/// Follows `consolidado.atualizado` as another system would.
private final class News: Sendable {
    private struct Key: Hashable {
        let conta: String
        let data: String
    }

    private static let queue = "teste.noticias"

    private static let topology = AMQPTopology(
        exchanges: [.init(name: AMQPNames.Exchange.consolidados, kind: .topic)],
        queues: [.init(name: queue, arguments: ["x-queue-type": "quorum"])],
        bindings: [.init(queue: queue, exchange: AMQPNames.Exchange.consolidados, routingKey: "consolidado.atualizado.#")])

    private let configuration: AMQPConfiguration
    private let consumer: BatchConsumer
    private let newest = NIOLockedValueBox<[Key: (versao: Int, data: JSONValue)]>([:])

    init(_ configuration: AMQPConfiguration) {
        self.configuration = configuration
        self.consumer = BatchConsumer(
            configuration: configuration, topology: Self.topology, queue: Self.queue, logger: Logger(label: "tests"))
    }

    func declare() async throws {
        let declarer = ConfirmedPublisher(configuration: self.configuration, topology: Self.topology, logger: Logger(label: "tests"))
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await declarer.run() }
            #expect(await eventually { declarer.isReady })
            group.cancelAll()
        }
    }

    func run() async {
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.consumer.run() }
            while let batch = await self.consumer.nextBatch() {
                for delivery in batch.deliveries { self.take(delivery) }
                await self.consumer.settle(batch.deliveries.map(\.tag))
            }
            group.cancelAll()
        }
    }

    func newest(_ conta: String, _ data: String) -> JSONValue? {
        self.newest.withLockedValue { $0[Key(conta: conta, data: data)]?.data }
    }

    private func take(_ delivery: Delivery) {
        guard let data = (try? JSONReader.read(delivery.body))?["data"], case .string(let conta)? = data["conta"],
            case .string(let day)? = data["data"], case .number(let text)? = data["versao"], let versao = Int(text)
        else {
            Issue.record("no news that can be read: \(String(decoding: delivery.body, as: UTF8.self))")
            return
        }
        self.newest.withLockedValue { newest in
            let key = Key(conta: conta, data: day)
            if versao >= newest[key]?.versao ?? 0 { newest[key] = (versao, data) }
        }
    }
}

extension Ledger.Day {
    /// A day as a period shows it; nil if a member is missing or malformed, or the sum is wrong.
    fileprivate init?(_ row: JSONValue) {
        func text(_ name: String) -> String? {
            switch row[name] {
            case .string(let text)?, .number(let text)?: text
            default: nil
            }
        }
        guard let saldoInicial = Self.centavos(text("saldo_inicial")), let creditos = Self.centavos(text("total_creditos")),
            let debitos = Self.centavos(text("total_debitos")), let quantidadeCreditos = text("quantidade_creditos").flatMap({ Int($0) }),
            let quantidadeDebitos = text("quantidade_debitos").flatMap({ Int($0) }), let saldoFinal = Self.centavos(text("saldo_final"))
        else { return nil }
        self.init(
            saldoInicial: saldoInicial, creditos: creditos, debitos: debitos, quantidadeCreditos: quantidadeCreditos,
            quantidadeDebitos: quantidadeDebitos)
        guard self.saldoFinal == saldoFinal else { return nil }
    }

    fileprivate static func + (lhs: Self, rhs: Self) -> Self {
        Self(
            saldoInicial: lhs.saldoInicial + rhs.saldoInicial, creditos: lhs.creditos + rhs.creditos, debitos: lhs.debitos + rhs.debitos,
            quantidadeCreditos: lhs.quantidadeCreditos + rhs.quantidadeCreditos,
            quantidadeDebitos: lhs.quantidadeDebitos + rhs.quantidadeDebitos)
    }
}
