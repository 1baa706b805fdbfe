import Contrato
import Fixtures
import FluxoDeCaixa
import Logging
import NIOConcurrencyHelpers
import Testing

@testable import Access
@testable import Observability

@Suite(.timeLimit(.minutes(5))) struct KeyStoreTests {
    static let one = TestKey.set(TestKey.ec1.jwk(kid: "1"))
    static let two = TestKey.set(TestKey.ec1.jwk(kid: "1"), TestKey.ec2.jwk(kid: "2"))

    @Test func unknownNameLooksAgainButNotTooOften() async throws {
        let (source, clock) = (FakeKeySource(Self.one), FakeClock())
        let store = KeyStore(source: source, logger: TestLogger.silent, now: { clock.now })
        #expect(await store.keys(kid: "1")?.keys.count == 1)
        #expect(source.reads == 1)
        _ = await store.keys(kid: "1")
        _ = await store.keys(kid: nil)
        #expect(source.reads == 1)
        // Names that nobody knows: one look in ten seconds, however many come.
        for number in 0..<100 { #expect(await store.keys(kid: "forged \(number)")?.has(kid: "1") == true) }
        #expect(source.reads == 1)
        clock.advance(.seconds(10))
        for number in 0..<100 { _ = await store.keys(kid: "forged \(number)") }
        #expect(source.reads == 2)
        // A new key is found by the first token that names it.
        source.set(Self.two)
        clock.advance(.seconds(10))
        #expect(await store.keys(kid: "2")?.has(kid: "2") == true)
        #expect(source.reads == 3)
    }

    @Test func everybodyWaitsForTheSameLook() async throws {
        let source = FakeKeySource(Self.one, delay: .milliseconds(200))
        let store = KeyStore(source: source, logger: TestLogger.silent)
        let found = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { await store.keys(kid: "1")?.keys.count ?? 0 } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(found == Array(repeating: 1, count: 50))
        #expect(source.reads == 1)
    }

    @Test func oneWhoGivesUpDoesNotEndTheLookOfTheOthers() async throws {
        let source = FakeKeySource(Self.one, delay: .milliseconds(300))
        let store = KeyStore(source: source, logger: TestLogger.silent)
        let first = Task { await store.keys(kid: "1")?.keys.count }
        #expect(await eventually { source.reads > 0 })
        let second = Task { await store.keys(kid: "1")?.keys.count }
        first.cancel()
        #expect(await second.value == 1)
        #expect(source.reads == 1)
    }

    @Test(arguments: [nil, "broken", "{}"] as [String?])
    func lastGoodKeysStayWhenTheSourceFails(answer: String?) async throws {
        let (source, clock) = (FakeKeySource(Self.one), FakeClock())
        let store = KeyStore(source: source, logger: TestLogger.silent, now: { clock.now })
        #expect(await store.refresh() == nil)
        source.set(answer)
        #expect(await store.refresh() != nil)
        clock.advance(.seconds(1_000_000))
        // Away: nobody waits for another try; the loop makes them.
        #expect(await store.keys(kid: "other")?.has(kid: "1") == true)
        #expect(source.reads == 2)
        #expect(store.current?.generation == 1)
        source.set(Self.two)
        #expect(await store.refresh() == nil)
        #expect(store.current?.generation == 2 && store.current?.keys.count == 2)
    }

    @Test func sameDocumentIsTheSameGeneration() async throws {
        let source = FakeKeySource(Self.one)
        let store = KeyStore(source: source, logger: TestLogger.silent)
        await store.refresh()
        await store.refresh()
        #expect(source.reads == 2 && store.current?.generation == 1)
        source.set(TestKey.set())
        await store.refresh()
        // An empty set is a statement, not a fault: nothing is accepted any more.
        #expect(store.current?.generation == 2 && store.current?.keys.isEmpty == true)
    }

    @Test func loopLoadsRetriesAndRefreshes() async throws {
        let source = FakeKeySource(
            nil, limits: .init(interval: .milliseconds(5), retryMin: .milliseconds(1), retryMax: .milliseconds(5), askedMin: .seconds(10)))
        let store = KeyStore(source: source, logger: TestLogger.silent)
        let loop = Task { await store.run() }
        #expect(await eventually { source.reads >= 3 })
        #expect(store.current == nil)
        source.set(Self.one)
        #expect(await eventually { store.current != nil })
        source.set(Self.two)
        #expect(await eventually { store.current?.keys.count == 2 })
        loop.cancel()
        await loop.value
    }

    @Test func outageIsLoggedLoudlyAndItsEndToo() async throws {
        let written = NIOLockedValueBox<[String]>([])
        let logger = Logger(label: "test") { label in
            TextLogHandler(
                label: label, level: LogLevel(.info), agora: { Instante(milissegundos: 0) },
                write: { line in written.withLockedValue { $0.append(line) } })
        }
        let source = FakeKeySource(nil)
        let store = KeyStore(source: source, logger: logger)
        await store.refresh()
        source.set(Self.one)
        await store.refresh()
        source.set(nil)
        await store.refresh()
        source.set(TestKey.set(TestKey.rsa1.jwk(kid: "1", #","use":"enc""#)))
        await store.refresh()
        let lines = written.withLockedValue { $0 }
        #expect(lines.contains { $0.contains(" error ") && $0.contains("no signing keys") && $0.contains("away") })
        #expect(lines.contains { $0.contains(" notice ") && $0.contains("can be read again") })
        #expect(lines.contains { $0.contains(" warning ") && $0.contains("last good ones") })
        #expect(lines.contains { $0.contains(" error ") && $0.contains("no usable signing key") && $0.contains("use is not sig") })
    }
}
