import FluxoDeCaixa
import Logging
import Storage
import Testing

@testable import Lancamentos

/// Lotes and estornos on a store in memory.
@Suite struct LancamentoServiceTests {
    private static let hoje = Dia(parsing: "2026-11-24")!

    private func with<Value: Sendable>(
        _ repository: FakeLancamentoRepository, queueMax: Int = 100, answerMax: Duration = .seconds(60),
        _ body: @Sendable (LancamentoService) async throws -> Value
    ) async throws -> Value {
        // The machine may be busy with other tests.
        var limits = WriteBatcher.Limits(queueMax: queueMax, batchRowsMax: 10, workers: 2, answerMax: answerMax)
        limits.queueWaitMax = .seconds(60)
        let batcher = WriteBatcher(
            repository: repository, limits: limits, logger: Logger(label: "test"), handOff: { _ in })
        let service = LancamentoService(
            repository: repository, batcher: batcher,
            clock: .init(agora: { Instante(milissegundos: 1_795_000_000_000) }, hoje: { Self.hoje }), capacityWaitMax: .seconds(60))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await batcher.run() }
            defer { batcher.close() }
            return try await body(service)
        }
    }

    private struct NotRegistered: Error {}

    private static func entry(_ centavos: Int64, chave: String? = nil, data: String? = nil) -> NovoLancamento {
        NovoLancamento(
            conta: Conta("loja")!, tipo: .credito, valor: Valor(centavos: centavos)!, data: data.flatMap { Dia(parsing: $0) },
            chave: chave.flatMap { Chave(literal: $0) })
    }

    @Test func `of two lines with one key the earlier wins`() async throws {
        let outcomes = try await self.with(FakeLancamentoRepository()) { service in
            await service.register(
                lote: [
                    Self.entry(1, chave: "k"), Self.entry(2, chave: "k"), Self.entry(3), Self.entry(1, chave: "k"), Self.entry(3),
                ],
                registradoPor: "x", traceparent: nil)
        }
        guard case .success(.criado(let first)) = outcomes[0], case .success(.repetido(let again)) = outcomes[3] else {
            Issue.record("expected the first registered and the fourth replayed, saw \(outcomes)")
            return
        }
        #expect(first.canal == .lote)
        #expect(again == first)
        #expect(outcomes[1] == .failure(.chaveComOutroConteudo))
        #expect([2, 4].allSatisfy { if case .success(.criado) = outcomes[$0] { true } else { false } })
    }

    @Test func `a simulated lote answers what registering it would answer, and registers nothing`() async throws {
        let repository = FakeLancamentoRepository()
        try await self.with(repository) { service in
            guard
                case .criado(let stored) = try await service.register(
                    Self.entry(5, chave: "stored"), registradoPor: "x", canal: .rest, traceparent: nil)
            else { throw NotRegistered() }
            let lote = [
                Self.entry(1, chave: "k"), Self.entry(1, chave: "k"), Self.entry(2, chave: "k"), Self.entry(3), Self.entry(3),
                Self.entry(5, chave: "stored"), Self.entry(6, chave: "stored"),
            ]
            var keys = SimulatedKeys()
            let outcomes = await service.simulate(lote, registradoPor: "x", canal: .lote, after: &keys)
            #expect([0, 3, 4].allSatisfy { if case .success(.seriaCriado) = outcomes[$0] { true } else { false } }, "\(outcomes)")
            #expect([1, 2].map { outcomes[$0] } == [.success(.repetiriaAnterior), .failure(.chaveComOutroConteudo)])
            #expect([5, 6].map { outcomes[$0] } == [.success(.repetido(stored)), .failure(.chaveComOutroConteudo)])
            // The next part of the same lote.
            let next = await service.simulate(
                [Self.entry(1, chave: "k"), Self.entry(2, chave: "k")], registradoPor: "x", canal: .lote, after: &keys)
            #expect(next == [.success(.repetiriaAnterior), .failure(.chaveComOutroConteudo)])
        }
        #expect(await repository.entries.count == 1)
    }

    @Test func `entries that find the queue full are retried`() async throws {
        let repository = FakeLancamentoRepository()
        let outcomes = try await self.with(repository, queueMax: 20) { service in
            await service.register(lote: (1...300).map { Self.entry($0) }, registradoPor: nil, traceparent: nil)
        }
        #expect(outcomes.allSatisfy { if case .success(.criado) = $0 { true } else { false } })
        #expect(await repository.entries.count == 300)
    }

    @Test func `an entry is reversed once however often it is requested`() async throws {
        let repository = FakeLancamentoRepository()
        try await self.with(repository) { service in
            guard
                case .criado(let original) = try await service.register(
                    Self.entry(150, data: "2026-11-25"), registradoPor: "x", canal: .rest, traceparent: nil)
            else { throw NotRegistered() }
            let results = try await withThrowingTaskGroup(of: RegistrationOutcome.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        try await service.reverse(
                            original.id, PedidoDeEstorno(descricao: "\(number)"), allows: { _ in true }, registradoPor: "y", canal: .rest,
                            traceparent: nil)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let created = results.filter { if case .criado = $0 { true } else { false } }
            #expect(created.count == 1)
            let ids = Set(
                results.map { result in
                    switch result {
                    case .criado(let estorno), .repetido(let estorno): estorno.id
                    }
                })
            #expect(ids.count == 1)
            guard case .criado(let estorno)? = created.first else { return }
            #expect(estorno.tipo == .debito)
            #expect(estorno.valor == original.valor)
            // The later of today and the original's day.
            #expect(estorno.data == Dia(parsing: "2026-11-25"))
            #expect(estorno.estornoDe == original.id)
            #expect(estorno.chave == nil)
            await #expect(throws: EstornoFailure.recusado(.estornoDeEstorno)) {
                try await service.reverse(
                    estorno.id, PedidoDeEstorno(), allows: { _ in true }, registradoPor: nil, canal: .rest, traceparent: nil)
            }
        }
    }

    @Test func `an entry that may still be committed is never reported as missing`() async throws {
        let repository = FakeLancamentoRepository(insertFaults: [.commitWaits])
        try await self.with(repository, answerMax: .milliseconds(300)) { service in
            let chave = try #require(Chave(literal: "k"))
            var filtro = FiltroDeLancamentos(conta: .todas)
            filtro.chave = chave
            var id: LancamentoID?
            do throws(RegistrationFailure) {
                _ = try await service.register(Self.entry(1, chave: "k"), registradoPor: nil, canal: .rest, traceparent: nil)
            } catch {
                if case .resultadoDesconhecido(let unknown) = error { id = unknown }
            }
            let entry = try #require(id)
            await #expect(throws: LookUpFailure.open) { try await service.find(entry) }
            await #expect(throws: LookUpFailure.open) { try await service.list(filtro, .newestFirst, after: nil, limit: 1) }
            await #expect(throws: EstornoFailure.original(.open)) {
                try await service.reverse(
                    entry, PedidoDeEstorno(), allows: { _ in true }, registradoPor: nil, canal: .rest, traceparent: nil)
            }
            // A list by anything else makes no such promise.
            #expect(try await service.list(FiltroDeLancamentos(conta: .todas), .newestFirst, after: nil, limit: 1).isEmpty)

            await repository.endWaitingCommits(stored: false)
            #expect(try await service.find(entry) == nil)
            #expect(try await service.list(filtro, .newestFirst, after: nil, limit: 1).isEmpty)
        }
    }

    @Test func `an estorno that may still be committed is never reported as not registered`() async throws {
        let repository = FakeLancamentoRepository()
        try await self.with(repository) { service in
            guard
                case .criado(let original) = try await service.register(
                    Self.entry(1), registradoPor: nil, canal: .rest, traceparent: nil)
            else { throw NotRegistered() }
            func failure() async -> EstornoFailure? {
                do throws(EstornoFailure) {
                    _ = try await service.reverse(
                        original.id, PedidoDeEstorno(), allows: { _ in true }, registradoPor: nil, canal: .rest, traceparent: nil)
                    return nil
                } catch {
                    return error
                }
            }
            await repository.failReads(1)
            #expect(await failure() == .original(.storage(.unavailable)))
            await repository.fail([.commitWaits])
            let unknown = try #require(await failure())
            guard case .registration(.resultadoDesconhecido(.some)) = unknown else {
                Issue.record("expected an unknown outcome, saw \(unknown)")
                return
            }
            await repository.failReads(1)
            #expect(await failure() == .registration(.resultadoDesconhecido(nil)))
        }
    }

    @Test func `an entry that the caller may not see is not found`() async throws {
        try await self.with(FakeLancamentoRepository()) { service in
            guard
                case .criado(let original) = try await service.register(
                    Self.entry(1), registradoPor: nil, canal: .rest, traceparent: nil)
            else { throw NotRegistered() }
            for (id, permite) in [(original.id, false), (LancamentoID(bits: 1), true)] {
                await #expect(throws: EstornoFailure.naoEncontrado) {
                    try await service.reverse(
                        id, PedidoDeEstorno(), allows: { _ in permite }, registradoPor: nil, canal: .rest, traceparent: nil)
                }
            }
            let early = PedidoDeEstorno(data: Dia(parsing: "2026-11-23"))
            await #expect(throws: EstornoFailure.recusado(.dataAntesDoOriginal)) {
                try await service.reverse(
                    original.id, early, allows: { _ in true }, registradoPor: nil, canal: .rest, traceparent: nil)
            }
        }
    }
}
