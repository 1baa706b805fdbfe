import Fixtures
package import FluxoDeCaixa
package import Lancamentos
package import Storage

/// What the entry service relies on in its store of entries. Every case begins with an empty store.
package enum LancamentoRepositoryContract {
    package static let cases: [ContractCase<any LancamentoRepository>] = [
        ContractCase("stored entries have outbox rows and can be found") { repository in
            let entries = [Self.entry(1, chave: "k"), Self.entry(2)]
            let rows = try await repository.register(entries)
            try expect(rows.keys.sorted(), equals: [TestEntry.id(1), TestEntry.id(2)])
            try expect(Set(rows.values).count, equals: 2)
            try expect(try await repository.find(TestEntry.id(1)), equals: entries[0].lancamento)
            try expect(try await repository.find(TestEntry.id(3)), equals: nil)
        },
        ContractCase("an id, a key of the account or a reversal seen before stores nothing") { repository in
            _ = try await repository.register([
                Self.entry(1, chave: "k"), Self.entry(2), Self.entry(3, estornoDe: TestEntry.id(2)),
            ])
            let rows = try await repository.register([
                Self.entry(1, chave: "k"), Self.entry(4, chave: "k", conteudo: 2), Self.entry(5, estornoDe: TestEntry.id(2)),
                Self.entry(6, chave: "k", conta: "outra"), Self.entry(7, chave: "l"),
            ])
            try expect(rows.keys.sorted(), equals: [TestEntry.id(6), TestEntry.id(7)])
        },
        ContractCase("a conflict is settled by id, then by key, then by reversal, with the stored hash") { repository in
            _ = try await repository.register([
                Self.entry(1, chave: "k", conteudo: 7), Self.entry(2, chave: "l"), Self.entry(3, estornoDe: TestEntry.id(2)),
            ])
            let settled = try await repository.settle([
                Self.entry(1, chave: "l"), Self.entry(8, chave: "k"), Self.entry(9, estornoDe: TestEntry.id(2)),
                Self.entry(10, chave: "k", conta: "outra"),
            ])
            try expect(settled.map { $0?.lancamento.id }, equals: [TestEntry.id(1), TestEntry.id(1), TestEntry.id(3), nil])
            try expect(settled.map { $0?.conteudo }, equals: [[7], [7], nil, nil])
        },
        ContractCase("an entry shows its reversal once there is one") { repository in
            _ = try await repository.register([Self.entry(1)])
            try expect(try await repository.find(TestEntry.id(1))?.estornadoPor, equals: nil)
            _ = try await repository.register([Self.entry(2, estornoDe: TestEntry.id(1))])
            try expect(try await repository.find(TestEntry.id(1))?.estornadoPor, equals: TestEntry.id(2))
            try expect(try await repository.find(TestEntry.id(2))?.estornoDe, equals: TestEntry.id(1))
        },
        ContractCase("a list continues after an entry in either order") { repository in
            _ = try await repository.register((1...5).map { Self.entry($0) })
            func page(_ order: ListOrder, after last: UInt64?) async throws -> [LancamentoID] {
                let position = last.map { ListPosition(id: TestEntry.id($0), data: .primeiro) }
                return try await repository.list(.init(conta: .todas), order, after: position, limit: 2).map(\.id)
            }
            try expect(try await page(.newestFirst, after: nil), equals: [5, 4].map(TestEntry.id))
            try expect(try await page(.newestFirst, after: 2), equals: [1].map(TestEntry.id))
            try expect(try await page(.oldestFirst, after: nil), equals: [1, 2].map(TestEntry.id))
            try expect(try await page(.oldestFirst, after: 4), equals: [5].map(TestEntry.id))
        },
        ContractCase("a list by day continues after an entry, whose day may have others") { repository in
            let days = ["2026-11-03", "2026-11-01", "2026-11-02", "2026-11-02", "2026-11-01"]
            let entries = zip(1..., days).map { Self.entry(UInt64($0), data: $1) }
            _ = try await repository.register(entries)
            func page(_ order: ListOrder, after last: Int?) async throws -> [LancamentoID] {
                let position = last.map { ListPosition(entries[$0 - 1].lancamento) }
                return try await repository.list(.init(conta: .todas), order, after: position, limit: 2).map(\.id)
            }
            try expect(try await page(.earliestDayFirst, after: nil), equals: [2, 5].map(TestEntry.id))
            try expect(try await page(.earliestDayFirst, after: 5), equals: [3, 4].map(TestEntry.id))
            try expect(try await page(.latestDayFirst, after: nil), equals: [1, 4].map(TestEntry.id))
            try expect(try await page(.latestDayFirst, after: 4), equals: [3, 5].map(TestEntry.id))
        },
        ContractCase("a list has the entries that match every part of its filter") { repository in
            _ = try await repository.register([
                Self.entry(1, chave: "k", conta: "loja.a"), Self.entry(2, conta: "loja"), Self.entry(3, conta: "loja.a", tipo: .debito),
                Self.entry(4, conta: "loja.a", data: "2026-11-20"),
            ])
            func ids(_ change: (inout FiltroDeLancamentos) -> Void) async throws -> [LancamentoID] {
                var filtro = FiltroDeLancamentos(conta: .abaixoDe(Conta("loja")!))
                change(&filtro)
                return try await repository.list(filtro, .oldestFirst, after: nil, limit: 10).map(\.id)
            }
            try expect(try await ids { _ in }, equals: [1, 3, 4].map(TestEntry.id))
            try expect(try await ids { $0.tipo = .credito }, equals: [1, 4].map(TestEntry.id))
            try expect(try await ids { $0.chave = Chave(literal: "k") }, equals: [1].map(TestEntry.id))
            try expect(try await ids { $0.de = Dia(parsing: "2026-11-21") }, equals: [1, 3].map(TestEntry.id))
            try expect(try await ids { $0.ate = Dia(parsing: "2026-11-20") }, equals: [4].map(TestEntry.id))
            try expect(try await ids { $0.natureza = .ajuste }, equals: [])
            try expect(try await ids { $0.categoria = "c" }, equals: [])
            try expect(try await ids { $0.referencia = "r" }, equals: [])
        },
    ]

    /// - Parameter conteudo: the hash that is stored beside a key.
    private static func entry(
        _ number: UInt64, chave: String? = nil, conteudo: UInt8 = 1, conta: String = "loja", tipo: Tipo = .credito,
        data: String = "2026-11-24", estornoDe: LancamentoID? = nil
    ) -> Registration {
        Registration(
            lancamento: TestEntry.make(number, conta: conta, tipo: tipo, data: data, chave: chave, estornoDe: estornoDe),
            conteudo: chave == nil ? nil : [conteudo])
    }
}

/// Calls without a deadline that a test could meet.
extension LancamentoRepository {
    package func register(_ registrations: [Registration]) async throws(StorageFailure) -> [LancamentoID: Int64] {
        try await self.register(registrations, until: .now + .seconds(60))
    }

    package func settle(_ registrations: [Registration]) async throws(StorageFailure) -> [Registration?] {
        try await self.settle(registrations, until: .now + .seconds(60))
    }

    package func find(_ id: LancamentoID) async throws(StorageFailure) -> Lancamento? {
        try await self.find(id, until: .now + .seconds(60))
    }

    package func list(
        _ filtro: FiltroDeLancamentos, _ order: ListOrder, after last: ListPosition?, limit: Int
    ) async throws(StorageFailure) -> [Lancamento] {
        try await self.list(filtro, order, after: last, limit: limit, until: nil)
    }
}
