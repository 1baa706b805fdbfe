import AMQP
import Contrato
import Fixtures
import FluxoDeCaixa
import LeaseFakes
import Logging
import MensageriaFakes
import NIOConcurrencyHelpers
import ServiceRuntime
import Storage
import Testing

@testable import Lancamentos

@Suite(.timeLimit(.minutes(5))) struct RegisteredCounterTests {
    private static let agora = Instante(parsing: "2026-11-29T10:00:30Z")!
    private static let end = Minuto(agora).somando(-5)

    /// Runs a counter until the condition holds.
    @discardableResult
    private static func count(
        _ entries: FakeRegisteredEntries, entriesMax: Int64 = 100, countsMax: Int = 30, until done: () async -> Bool
    ) async -> FakeLeases<any RegisteredEntries> {
        let leases = FakeLeases<any RegisteredEntries>(access: entries)
        var limits = RegisteredCounter.Limits()
        limits.entriesMax = entriesMax
        limits.countsMax = countsMax
        limits.interval = .milliseconds(1)
        limits.lease.idleInterval = .milliseconds(1)
        let counter = RegisteredCounter(
            leases: leases, publisher: entries, limits: limits, agora: { Self.agora }, logger: Logger(label: "tests"))
        let run = Task { await counter.run() }
        #expect(await eventually { await done() })
        run.cancel()
        await run.value
        return leases
    }

    @Test func `every minute that is old enough is counted by each pass, without gaps`() async {
        let entries = FakeRegisteredEntries(perMinute: 3, from: Self.end.somando(-90), to: Self.end.somando(10))
        await Self.count(entries, entriesMax: 20) { await entries.positions[.ronda] == Self.end }
        let all = await entries.sent
        // The second round may have begun.
        let rounds = all.filter { $0.passagem == .ronda }
        let roundEnd = rounds.firstIndex { $0.registrados.periodo.upperBound == Self.end } ?? 0
        let sent = all.filter { $0.passagem != .ronda } + rounds.prefix(through: roundEnd)
        for passagem in Conferencia.Passagem.allCases {
            let periods = sent.filter { $0.passagem == passagem }.map(\.registrados.periodo)
            for (one, next) in zip(periods, periods.dropFirst()) { #expect(one.upperBound == next.lowerBound) }
        }
        func total(_ passagem: Conferencia.Passagem) -> Int64 {
            sent.filter { $0.passagem == passagem }.flatMap(\.registrados.itens).reduce(0) { $0 + $1.contagem.quantidade }
        }
        #expect(total(.nova) == 3 * 60)
        #expect(total(.segunda) == 3 * 60)
        #expect(total(.ronda) == 3 * 90)
        #expect(await entries.positions[.nova] == Self.end)
        #expect(await entries.positions[.segunda] == Self.end.somando(-15))
    }

    @Test func `a count that the broker did not confirm is made again`() async {
        let entries = FakeRegisteredEntries(perMinute: 1, from: Self.end.somando(-3), to: Self.end, refused: 2)
        await Self.count(entries) { await entries.positions.count == 3 }
        let first = await entries.attempts.prefix(3).map(\.passagem)
        #expect(first == [.nova, .segunda, .ronda])
        #expect(await entries.sent.contains { $0.passagem == .nova && $0.registrados.itens.count == 3 })
    }

    @Test func `a minute with more entries than a statement counts is counted whole`() async {
        let entries = FakeRegisteredEntries(perMinute: 50, from: Self.end.somando(-2), to: Self.end)
        await Self.count(entries, entriesMax: 20) { await entries.positions[.nova] == Self.end }
        let counts = await entries.sent.filter { $0.passagem == .nova }.flatMap(\.registrados.itens)
        #expect(counts.map(\.contagem.quantidade) == [50, 50])
    }

    @Test func `without an entry that is old enough nothing is sent`() async {
        let entries = FakeRegisteredEntries(perMinute: 1, from: Self.end, to: Self.end.somando(5))
        await Self.count(entries) { await entries.looks >= 3 }
        #expect(await entries.attempts.isEmpty)
    }

    @Test func `a failure gives the lease back, and the next holder goes on`() async {
        let entries = FakeRegisteredEntries(perMinute: 1, from: Self.end.somando(-3), to: Self.end, failures: 2)
        let leases = await Self.count(entries) { await entries.positions[.ronda] == Self.end }
        #expect(await leases.count == 3)
        #expect(await !leases.isHeld)
    }

    @Test func `a count goes to the consolidation's queue alone, with a copy of an event`() async throws {
        let publisher = AMQPEventPublisher(
            publisher: FakeBroker(), isReady: { true }, user: "lancamentos", urlPublica: "http://localhost", logger: Logger(label: "tests"))
        let event = Registration(lancamento: TestEntry.make(7), traceparent: "00-1-2-00")
        let conferencia = Conferencia(
            passagem: .nova, registrados: ContagemPorMinuto(periodo: Self.end..<Self.end.somando(1), itens: []))
        let message = publisher.message(event, with: conferencia)
        #expect(message.exchange.isEmpty && message.routingKey == "consolidado.lancamentos" && message.mandatory)
        #expect(message.properties.headers?["conferencia"]?.stringValue == conferencia.encode())
        #expect(message.properties.userID == "lancamentos" && message.properties.persistent == true)
        // A program that does not know the header reads the event that it has applied before.
        #expect(message.body == EventoLancamentoRegistrado.encode(event.lancamento, urlPublica: "http://localhost"))
        #expect(message.properties.messageID == event.lancamento.id.description)
    }
}

/// Registered entries in memory, the same number in each minute of a period, and the broker that counts are sent to.
private actor FakeRegisteredEntries: RegisteredEntries, CountPublisher {
    private let perMinute: Int64
    private let minutes: Range<Minuto>
    private var refused: Int
    private var failures: Int
    private(set) var positions: [Conferencia.Passagem: Minuto] = [:]
    /// What was sent, confirmed or not.
    private(set) var attempts: [Conferencia] = []
    /// What was confirmed.
    private(set) var sent: [Conferencia] = []
    private(set) var looks = 0

    nonisolated let isReady = true

    init(perMinute: Int64, from first: Minuto, to end: Minuto, refused: Int = 0, failures: Int = 0) {
        self.perMinute = perMinute
        self.minutes = first..<end
        self.refused = refused
        self.failures = failures
    }

    func progress() async throws(StorageFailure) -> CountingProgress {
        self.looks += 1
        if self.failures > 0 {
            self.failures -= 1
            throw .unavailable
        }
        return CountingProgress(positions: self.positions, oldestPending: nil)
    }

    func store(_ passagem: Conferencia.Passagem, until minuto: Minuto) async throws(StorageFailure) {
        self.positions[passagem] = minuto
    }

    func count(_ periodo: Range<Minuto>, entriesMax: Int64, minutesMax: Int) async throws(StorageFailure) -> ContagemPorMinuto {
        let items = stride(from: self.minutes.lowerBound.desde1970, to: self.minutes.upperBound.desde1970, by: 1)
            .compactMap { Minuto(desde1970: $0) }.filter(periodo.contains)
            .map { ContagemPorMinuto.Item(minuto: $0, contagem: Contagem(quantidade: self.perMinute, creditos: .zero, debitos: .zero)) }
        var (read, rows) = ([ContagemPorMinuto.Item](), Int64(0))
        for item in items where rows < entriesMax {
            let counted = min(item.contagem.quantidade, entriesMax - rows)
            read.append(.init(minuto: item.minuto, contagem: Contagem(quantidade: counted, creditos: .zero, debitos: .zero)))
            rows += counted
        }
        return ContagemPorMinuto(lidos: read, de: periodo, linhasMax: entriesMax, minutosMax: minutesMax)
            ?? ContagemPorMinuto(periodo: periodo.lowerBound..<periodo.lowerBound.somando(1), itens: Array(items.prefix(1)))
    }

    func last(before minuto: Minuto) async throws(StorageFailure) -> Registration? {
        self.minutes.lowerBound < minuto ? Registrations.make(1) : nil
    }

    func publish(_ conferencia: Conferencia, with event: Registration) async -> Bool {
        self.attempts.append(conferencia)
        if self.refused > 0 {
            self.refused -= 1
            return false
        }
        self.sent.append(conferencia)
        return true
    }
}
