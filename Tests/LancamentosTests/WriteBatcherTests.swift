import Fixtures
import FluxoDeCaixa
import Logging
import NIOConcurrencyHelpers
import Testing

@testable import Lancamentos

@Suite(.timeLimit(.minutes(5))) struct WriteBatcherTests {
    private func withBatcher(
        _ repository: any LancamentoRepository,
        queueMax: Int = 100,
        workers: Int = 1,
        answerMax: Duration = .seconds(30),
        handOff: @escaping @Sendable ([Registration]) -> Void = { _ in },
        _ body: @Sendable @escaping (WriteBatcher) async throws -> Void
    ) async throws {
        var limits = WriteBatcher.Limits(queueMax: queueMax, batchRowsMax: 10, workers: workers, answerMax: answerMax)
        limits.queueWaitMax = .seconds(50)
        let batcher = WriteBatcher(
            repository: repository,
            limits: limits,
            logger: Logger(label: "tests"),
            handOff: handOff
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await batcher.run() }
            // Also if the body throws: without it the group never ends.
            defer { batcher.close() }
            try await body(batcher)
        }
    }

    @Test func `two requests with one key register one entry`() async throws {
        let repository = FakeLancamentoRepository()
        try await self.withBatcher(repository) { batcher in
            let results = try await withThrowingTaskGroup(of: RegistrationOutcome.self) { group in
                for number in 1...20 { group.addTask { try await batcher.register(Registrations.make(UInt64(number), chave: "k")) } }
                return try await group.reduce(into: [RegistrationOutcome]()) { $0.append($1) }
            }
            let created = results.filter { if case .criado = $0 { true } else { false } }
            #expect(created.count == 1)
            #expect(results.count == 20)
        }
        #expect(await repository.entries.count == 1)
    }

    @Test func `a lost answer is settled by running the batch again, and its events are left to the sweeper`() async throws {
        let handedOff = NIOLockedValueBox<[Registration]>([])
        let repository = FakeLancamentoRepository(insertFaults: [.answerLost])
        let keyless = Registrations.make(1)
        try await self.withBatcher(repository, handOff: { events in handedOff.withLockedValue { $0 += events } }) { batcher in
            let result = try await batcher.register(keyless)
            #expect(result == .criado(keyless.lancamento))
        }
        #expect(await repository.entries.count == 1)
        #expect(handedOff.withLockedValue(\.count) == 0)
    }

    @Test func `only the settling is repeated if only it fails`() async throws {
        let repository = FakeLancamentoRepository(insertFaults: [.answerLost], settleFaults: [.unavailable, .unavailable])
        try await self.withBatcher(repository) { batcher in
            _ = try await batcher.register(Registrations.make(1))
        }
        #expect(await repository.batchSizes == [1, 1])
    }

    @Test func `an outage before anything was sent is no unknown outcome`() async throws {
        let repository = FakeLancamentoRepository(insertFaults: [.unavailable])
        try await self.withBatcher(repository) { batcher in
            await #expect(throws: RegistrationFailure.bancoIndisponivel) { try await batcher.register(Registrations.make(1)) }
        }
    }

    @Test func `an outcome that cannot be settled in time is reported with the id`() async throws {
        let repository = FakeLancamentoRepository(insertFaults: [.answerLost] + Array(repeating: .unavailable, count: 1000))
        try await self.withBatcher(repository, answerMax: .milliseconds(150)) { batcher in
            await #expect(throws: RegistrationFailure.resultadoDesconhecido(TestEntry.id(1))) {
                try await batcher.register(Registrations.make(1))
            }
        }
    }

    @Test func `a database that stalls costs a caller its time and no more`() async throws {
        let start = ContinuousClock.now
        try await self.withBatcher(FakeLancamentoRepository(insertFaults: [.stalls]), answerMax: .milliseconds(300)) { batcher in
            await #expect(throws: RegistrationFailure.resultadoDesconhecido(TestEntry.id(1))) {
                try await batcher.register(Registrations.make(1))
            }
        }
        #expect(.now - start >= .milliseconds(250), "the answer may still have arrived")
    }

    /// A caller may have stopped waiting for reasons of its own, as an estorno that has read before.
    @Test func `a caller's own deadline counts if it is earlier`() async throws {
        try await self.withBatcher(FakeLancamentoRepository(insertFaults: [.stalls]), answerMax: .seconds(300)) { batcher in
            await #expect(throws: RegistrationFailure.resultadoDesconhecido(TestEntry.id(1))) {
                try await batcher.register(Registrations.make(1), until: .now + .milliseconds(200))
            }
        }
    }

    @Test func `while the first attempt with a key may still commit, none that follows says that nothing is registered`() async throws {
        let repository = FakeLancamentoRepository(insertFaults: [.commitWaits])
        try await self.withBatcher(repository, answerMax: .milliseconds(300)) { batcher in
            func attempt(_ number: UInt64) async -> RegistrationFailure? {
                do throws(RegistrationFailure) {
                    _ = try await batcher.register(Registrations.make(number, chave: "k"))
                    return nil
                } catch {
                    return error
                }
            }
            let first = RegistrationFailure.resultadoDesconhecido(TestEntry.id(1))
            #expect(await attempt(1) == first)
            // Its lock is held; then the database is away.
            #expect(await attempt(2) == first)
            await repository.fail([.unavailable])
            #expect(await attempt(3) == first)
            await repository.fail([.unavailable])
            await #expect(throws: RegistrationFailure.bancoIndisponivel) {
                try await batcher.register(Registrations.make(4, chave: "other"))
            }
            await repository.endWaitingCommits(stored: true)
            let again = try await batcher.register(Registrations.make(5, chave: "k"))
            #expect(again == .repetido(Registrations.make(1, chave: "k").lancamento))
        }
    }

    @Test func `an entry whose key is held by another transaction hurts no neighbour`() async throws {
        let repository = FakeLancamentoRepository(insertFaults: [.commitWaits])
        try await self.withBatcher(repository, answerMax: .seconds(2)) { batcher in
            _ = await batcher.register([Registrations.make(1, chave: "k")])
            let outcomes = await batcher.register([
                Registrations.make(2), Registrations.make(3, chave: "k"), Registrations.make(4, chave: "other"),
                Registrations.make(5, estornoDe: TestEntry.id(9)),
            ])
            #expect(outcomes[1] == .failure(.resultadoDesconhecido(TestEntry.id(1))))
            for position in [0, 2, 3] {
                #expect({ if case .success(.criado) = outcomes[position] { true } else { false } }(), "\(outcomes[position])")
            }
        }
    }

    @Test func `an entry that the database refuses hurts no neighbour`() async throws {
        let repository = FakeLancamentoRepository(refusedID: TestEntry.id(3))
        try await self.withBatcher(repository) { batcher in
            let results = await withTaskGroup(of: (UInt64, Bool).self) { group in
                for number in UInt64(1)...9 {
                    group.addTask { (number, (try? await batcher.register(Registrations.make(number))) != nil) }
                }
                return await group.reduce(into: [UInt64: Bool]()) { $0[$1.0] = $1.1 }
            }
            #expect(results.filter { !$0.value }.keys.sorted() == [3])
        }
    }

    @Test func `events of a commit are handed on`() async throws {
        let handedOff = NIOLockedValueBox<[Registration]>([])
        let registration = Registrations.make(1)
        try await self.withBatcher(FakeLancamentoRepository(), handOff: { events in handedOff.withLockedValue { $0 += events } }) {
            batcher in
            _ = try await batcher.register(registration)
        }
        #expect(handedOff.withLockedValue { $0 } == [Registration(lancamento: registration.lancamento, seq: 1)])
    }

    @Test func `being cancelled ends it, as a graceful shutdown does`() async throws {
        var limits = WriteBatcher.Limits(queueMax: 10, batchRowsMax: 10, workers: 3, answerMax: .seconds(60))
        limits.queueWaitMax = .seconds(50)
        let batcher = WriteBatcher(
            repository: FakeLancamentoRepository(),
            limits: limits,
            logger: Logger(label: "tests"),
            handOff: { _ in }
        )
        let running = Task { await batcher.run() }
        _ = try await batcher.register(Registrations.make(1))
        running.cancel()
        await running.value
        await #expect(throws: RegistrationFailure.sobrecarga) { try await batcher.register(Registrations.make(2)) }
    }

    @Test func `a request too many is refused at once`() async throws {
        // The batcher does not run, so nothing leaves the queue.
        let batcher = WriteBatcher(
            repository: FakeLancamentoRepository(),
            limits: .init(queueMax: 0, batchRowsMax: 10, workers: 1, answerMax: .seconds(60)),
            logger: Logger(label: "tests"),
            handOff: { _ in }
        )
        await #expect(throws: RegistrationFailure.sobrecarga) { try await batcher.register(Registrations.make(1)) }
    }
}
