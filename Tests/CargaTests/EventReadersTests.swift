import NIOCore
import Testing

@testable import Carga

@Suite(.timeLimit(.minutes(1))) struct EventReadersTests {
    private static func open(
        _ count: Int, of contas: [String], _ body: (EventReaders) async throws -> Void
    ) async throws {
        try await StubServer().run { target, eventLoop in
            let readers = try await EventReaders.open(
                count, of: contas, at: target.consolidados, token: target.token, eventLoop: eventLoop)
            try await body(readers)
            try await readers.close()
        }
    }

    /// Waits until the streams have received this.
    private static func expect(_ expected: EventReaders.Counts, of readers: EventReaders) async throws {
        var counts = try await readers.counts()
        for _ in 0..<1000 where counts != expected {
            try await Task.sleep(for: .milliseconds(20))
            counts = try await readers.counts()
        }
        #expect(counts == expected)
    }

    @Test func `every stream is counted, more than are opened at the same time`() async throws {
        try await Self.open(100, of: ["a", "b", "c"]) { readers in
            try await Self.expect(.init(events: 200, lost: 100, ended: 0), of: readers)
            try await readers.close()
            try await Self.expect(.init(events: 200, lost: 100, ended: 0), of: readers)
        }
    }

    @Test func `a stream that the server ends is counted`() async throws {
        try await Self.open(4, of: ["a", "breve"]) { readers in
            try await Self.expect(.init(events: 8, lost: 4, ended: 2), of: readers)
        }
    }

    @Test func `a stream that is refused ends the opening with its status`() async throws {
        let failure = await #expect(throws: BenchFailure.self) { try await Self.open(3, of: ["a", "cheia"]) { _ in } }
        #expect(failure?.description.hasSuffix("was answered 503") == true, "\(failure?.description ?? "")")
    }

    @Test func `a server that is away ends the opening`() async throws {
        let address = try #require(HTTPAddress(url: "http://127.0.0.1:1"))
        let failure = await #expect(throws: BenchFailure.self) {
            try await StubServer().run { target, eventLoop in
                _ = try await EventReaders.open(1, of: ["a"], at: [address], token: target.token, eventLoop: eventLoop)
            }
        }
        #expect(failure?.description == "a stream of events at http://127.0.0.1:1 cannot be reached")
    }

    @Test func `peaks are compared, and what the streams have received is judged`() throws {
        func peak(ms: Int64, cpu: Duration) -> EventPeaks.Peak {
            var reads = StreamMeasures(name: "reads", ratePerSecond: 1, measured: .seconds(10))
            for _ in 0..<Segments.seconds {
                reads.send(isMeasured: true, isInTime: true)
                reads.take(.accepted, nanoseconds: ms * 1_000_000, isMeasured: true, isInTime: true)
                _ = reads.closeSecond()
            }
            let load = LoadResult(reads: reads, ledger: Ledger(contas: 1, dias: 1), ownCPU: .zero, wall: .seconds(10))
            return .init(load: load, cpuOfConsolidado: cpu)
        }
        func result(_ received: EventReaders.Counts) -> ScenarioResult {
            var result = ScenarioResult(name: .eventos)
            EventPeaks(
                without: [peak(ms: 4, cpu: .seconds(1)), peak(ms: 9, cpu: .seconds(3)), peak(ms: 5, cpu: .seconds(2))],
                with: [peak(ms: 8, cpu: .seconds(4)), peak(ms: 6, cpu: .seconds(4))], received: received
            ).report(&result)
            return result
        }
        let good = result(.init(events: 60, lost: 3, ended: 0))
        #expect(good.verdict == .passed)
        let figures = Dictionary(uniqueKeysWithValues: good.figures.map { ($0.name, Text.decimals($0.value, 1)) })
        #expect(
            figures == [
                "eventos_sem_p99_leitura_ms": "5.0", "eventos_com_p99_leitura_ms": "8.0", "eventos_sem_processador": "0.2",
                "eventos_com_processador": "0.4", "eventos_por_segundo": "3.0", "eventos_perdeu": "3.0",
            ])
        #expect(result(.init(events: 60, lost: 0, ended: 1)).verdict == .failed("1 streams ended"))
        #expect(result(.init()).verdict == .failed("the streams received no event"))
    }

    @Test(arguments: [1, 2, 5, 13, 14, 15, 1000]) func `events are counted in parts of any size`(size: Int) {
        let text = ": vivo\n\nid: 7\nevent: saldo\ndata: event: perdeu\n\nevent: perdeu\ndata: {}\n\nevent: perdeu2\nevent: saldo\n"
        let bytes = Array(text.utf8)
        var counter = EventCounter()
        for first in stride(from: 0, to: bytes.count, by: size) { counter.take(bytes[first..<min(bytes.count, first + size)]) }
        #expect(counter.saldo == 2)
        #expect(counter.perdeu == 1)
    }
}
