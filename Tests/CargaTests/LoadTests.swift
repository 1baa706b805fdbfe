import FluxoDeCaixa
import NIOCore
import NIOPosix
import Testing

@testable import Carga

/// Load and audit against a server with known faults.
@Suite(.serialized, .timeLimit(.minutes(5))) struct LoadTests {
    private static let rate = 200.0

    private static func makePlan() -> EntryPlan {
        EntryPlan(name: "teste", contas: 20, dias: 3, ultimoDia: Dia(parsing: "2026-11-23")!, seed: 11)
    }

    private static func spec(_ plan: EntryPlan, seconds: Double = 2) -> LoadSpec {
        LoadSpec(
            plan: plan, ledger: Ledger(contas: plan.contas.count, dias: plan.dias.count), writesPerSecond: Self.rate,
            times: LoadTimes(warmUp: .zero, measured: .seconds(seconds)), connectionsMax: 1000)
    }

    /// Runs the load, then the audit.
    private static func measure(
        _ faults: StubServer.Faults, seconds: Double = 2, _ adapt: (inout LoadSpec) -> Void = { _ in }
    ) async throws -> (load: LoadResult, audit: AuditReport) {
        let plan = self.makePlan()
        var spec = self.spec(plan, seconds: seconds)
        adapt(&spec)
        return try await StubServer(faults).run { [spec] target, eventLoop in
            let load = try await LoadRunner(target: target, eventLoop: eventLoop).run(spec) { _ in }
            let limits = ConnectionPool.Limits(connectionsMax: Auditor.requestsMax)
            let sender = try await HTTPSender.make([target.lancamentos], token: target.token, eventLoop: eventLoop, limits: limits)
            defer { sender.close() }
            let short = Auditor.Limits(absentAfter: .milliseconds(200), quietMax: .milliseconds(300), pollInterval: .milliseconds(50))
            var ledger = load.ledger
            return (load, try await Auditor(plan: plan, lancamentos: sender, consolidado: sender, limits: short).audit(&ledger))
        }
    }

    @Test func `all is well`() async throws {
        let (load, audit) = try await Self.measure(.init()) { $0.readsPerSecond = 100 }
        #expect(load.writes?.accepted == 400)
        #expect(load.reads?.accepted == 200)
        #expect(load.writes?.errors == 0)
        #expect(audit.passes)
        #expect(audit.attempted == 400)
        #expect(audit.acknowledged == 400)
        let visible = try #require(load.visible)
        #expect(visible.latencies.count == 20, "5 % are followed")
        #expect(visible.notSeen == 0)
        #expect(load.ownCPU > .zero)
    }

    @Test func `one request at a constant rate, with the client's processor time apart`() async throws {
        let outcome = try await StubServer().run { target, _ in
            try await LocalLoad(port: target.lancamentos.port).steady(
                [
                    .init(name: "reads", ratePerSecond: 100) { $0.get("/v1/consolidados?conta=a&de=2026-11-22&ate=2026-11-23") },
                    .init(name: "unknown", ratePerSecond: 50) { $0.get("/nothing") },
                ], warmUp: .zero, for: .seconds(1))
        }
        #expect(outcome.failures == 50)
        #expect(outcome.p99Ms[0] != nil)
        #expect(outcome.p99Ms[1] == nil, "nothing was accepted")
        #expect(outcome.processors > 0)
    }

    @Test func `one request as fast as some connections carry it`() async throws {
        let (found, missing) = try await StubServer().run { target, _ in
            let load = try LocalLoad(port: target.lancamentos.port)
            let found = try await load.saturate(connections: 4, for: .milliseconds(200)) { $0.get("/v1/consolidados/2026-11-23?conta=a") }
            return (found, try await LocalLoad(port: 1).saturate(connections: 4, for: .milliseconds(200)) { $0.get("/") })
        }
        #expect(found.answers >= 4)
        #expect(found.failures == 0)
        #expect(found.seconds >= 0.2)
        #expect(missing.answers == 0)
        #expect(missing.failures == 4)
    }

    @Test func `a stall of 2 s is in the percentiles, for everything that was due meanwhile`() async throws {
        let (load, audit) = try await Self.measure(.init(stallAfterWrites: 200), seconds: 4)
        let writes = try #require(load.writes)
        // 400 of 800 requests were due in those 2 s, evenly: half of them waited at least 1 s, and 1 % of all at least 1.95 s.
        #expect(try #require(writes.latencies.percentileMs(99)) >= 1900)
        #expect(try #require(writes.latencies.percentileMs(75)) >= 900)
        #expect(writes.accepted == 800)
        #expect(audit.passes)
    }

    @Test func `a stall is in the percentiles even if every connection waits in it`() async throws {
        let (load, audit) = try await Self.measure(.init(stallAfterWrites: 200), seconds: 4) { $0.connectionsMax = 4 }
        let writes = try #require(load.writes)
        #expect(try #require(writes.latencies.percentileMs(99)) >= 1900)
        #expect(writes.waitingMax >= 200, "the report shows the requests that waited for a connection")
        #expect(writes.accepted == 800)
        #expect(audit.passes)
    }

    @Test func `1 % that is dropped is reported as 1 % lost`() async throws {
        let (load, audit) = try await Self.measure(.init(dropEvery: 100))
        #expect(load.writes?.accepted == 400)
        #expect(audit.lost == 4)
        #expect(audit.lostShare == 0.01)
        #expect(audit.duplicated + audit.unexpected == 0)
        #expect(!audit.passes)
        #expect(audit.differences.count == audit.differingDays)
    }

    @Test func `what is counted twice is reported as doubled`() async throws {
        let (_, audit) = try await Self.measure(.init(doubleEvery: 50))
        #expect(audit.duplicated == 8)
        #expect(audit.lost + audit.unexpected == 0)
        #expect(!audit.passes)
    }

    @Test func `what is shed is neither lost nor accepted`() async throws {
        let (load, audit) = try await Self.measure(.init(shedEvery: 10))
        #expect(load.writes?.shed == 40)
        #expect(load.writes?.shedWithoutRetryAfter == 0)
        #expect(load.writes?.accepted == 360)
        #expect(audit.acknowledged == 360)
        #expect(audit.passes)
    }

    @Test func `what has no clear answer is settled afterwards, with and without a key`() async throws {
        let (load, audit) = try await Self.measure(.init(disconnectEvery: 25, unclearEvery: 40))
        let writes = try #require(load.writes)
        // Ten were answered 503, and every second of these was not registered.
        #expect(audit.unclear == writes.unknown)
        #expect(audit.settledAsRegistered + audit.settledAsAbsent == audit.unclear)
        #expect(audit.settledAsAbsent == 5)
        #expect(audit.unsettled == 0)
        #expect(audit.passes)
    }

    @Test func `a server that is away leaves every request unanswered, and nothing hangs`() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let target = Target(
            lancamentos: HTTPAddress(url: "http://127.0.0.1:1")!, consolidados: [HTTPAddress(url: "http://127.0.0.1:1")!],
            token: Token("t")!)
        let result = try await LoadRunner(target: target, eventLoop: group.next()).run(Self.spec(Self.makePlan(), seconds: 1)) { _ in }
        #expect(result.writes?.unknown == 200)
        // Never sent, so certainly not registered: nothing has to be settled.
        #expect(result.ledger.unclear == 0)
        try await group.shutdownGracefully()
    }

    @Test func `a cancelled load ends at once`() async throws {
        try await StubServer().run { target, eventLoop in
            let spec = Self.spec(Self.makePlan(), seconds: 600)
            let (seconds, second) = AsyncStream.makeStream(of: Void.self)
            let task = Task { try await LoadRunner(target: target, eventLoop: eventLoop).run(spec) { _ in second.yield() } }
            // Under load for a second.
            _ = await seconds.first { true }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test func `the answer to a lote says what became of each entry`() {
        let lines = [
            #"{"indice":0,"status":201,"id":"x"}"#, #"{"indice":1,"status":422,"erro":{}}"#,
            #"{"indice":2,"status":503,"erro":{"type":"http://a/problemas#sobrecarga"}}"#,
            #"{"indice":3,"status":503,"erro":{"type":"http://a/problemas#resultado-desconhecido","id":"01900000-0000-7000-8000-000000000001"}}"#,
            #"{"indice":4,"status":503}"#,
        ]
        let answer = HTTPAnswer(status: 200, body: ByteBuffer(string: lines.joined(separator: "\n") + "\n"))
        let outcome = LoteOutcome(first: 10, count: 6, .success(answer))
        #expect(outcome.fault == nil)
        let id = LancamentoID(parsing: "01900000-0000-7000-8000-000000000001")
        #expect(outcome.lines == [.registered, .refused, .refused, .unclear(id: id), .unclear(id: nil), .unclear(id: nil)])
        #expect(LoteOutcome(first: 0, count: 1, .success(HTTPAnswer(status: 413))).lines == [.refused])
        #expect(LoteOutcome(first: 0, count: 1, .success(HTTPAnswer(status: 500))).lines == [.unclear(id: nil)])
        #expect(LoteOutcome(first: 0, count: 1, .failure(.notSent("busy"))).lines == [.refused])
        #expect(LoteOutcome(first: 0, count: 1, .failure(.timedOut)).lines == [.unclear(id: nil)])
        #expect(LoteOutcome(first: 0, count: 1, .success(HTTPAnswer(status: 200, body: ByteBuffer(string: "{}\n")))).fault != nil)
    }

    @Test func `lotes are accounted for like single entries`() async throws {
        let plan = Self.makePlan()
        let server = StubServer(.init(dropEvery: 1000))
        try await server.run { target, eventLoop in
            let limits = ConnectionPool.Limits(connectionsMax: Auditor.requestsMax)
            let sender = try await HTTPSender.make([target.lancamentos], token: target.token, eventLoop: eventLoop, limits: limits)
            defer { sender.close() }
            var ledger = Ledger(contas: plan.contas.count, dias: plan.dias.count)
            let faults = try await LoteSender(plan: plan, sender: sender).fill(
                &ledger, entries: 12_000, until: nil, lotesAtOnce: 2
            ) { _ in }
            #expect(faults.isEmpty)
            #expect(ledger.acknowledged == 12_000)
            let short = Auditor.Limits(quietMax: .milliseconds(300), pollInterval: .milliseconds(50))
            let audit = try await Auditor(plan: plan, lancamentos: sender, consolidado: sender, limits: short).audit(&ledger)
            #expect(audit.lost == 12)
        }
    }
}
