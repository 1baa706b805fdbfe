import Fixtures
import FluxoDeCaixa
import Logging
import Postgres
import RepositoryContracts
import SeededRandom
import TestSupport
import Testing

@testable import Lancamentos

@Suite(.enabled(if: TestServers.postgresURL != nil, "needs the server that deploy/local/test starts"), .timeLimit(.minutes(5)))
struct ListaRepositoryTests {
    private static let contas = ["loja42", "loja42.a", "loja42.b.c", "loja42-x", "loja43", "loja4", "z", "_", "A"].map { Conta($0)! }

    private static func entry(_ number: UInt64, _ random: inout SeededGenerator) -> Registration {
        let chave = Bool.random(using: &random) ? Chave(literal: "k\(number % 40)-\(number)") : nil
        let lancamento = Lancamento(
            id: TestEntry.id(number),
            conta: contas.randomElement(using: &random)!,
            tipo: .random(using: &random),
            valor: Valor(centavos: Int64(number))!,
            data: Dia(parsing: "2026-11-01")!.somando(dias: Int.random(in: 0..<10, using: &random))!,
            natureza: .random(using: &random),
            categoria: ["a", "b", nil].randomElement(using: &random)!,
            referencia: ["NF 1", "NF 1 ", nil].randomElement(using: &random)!,
            canal: .rest,
            chave: chave
        )
        return Registration(lancamento: lancamento, conteudo: chave == nil ? nil : [1], traceparent: nil)
    }

    private static func filtro(_ entries: [Lancamento], _ random: inout SeededGenerator) -> FiltroDeLancamentos {
        let filtros: [FiltroDeConta] = [.todas, .abaixoDe(Conta("loja42")!), .uma(Conta("loja42")!), .uma(Conta("nunca")!)]
        var filtro = FiltroDeLancamentos(conta: filtros.randomElement(using: &random)!)
        func maybe<Value>(_ make: () -> Value?) -> Value? { Int.random(in: 0..<4, using: &random) == 0 ? make() : nil }
        let entry = entries.randomElement(using: &random)!
        filtro.de = maybe { entry.data }
        filtro.ate = maybe { entry.data.somando(dias: 3) }
        filtro.tipo = maybe { entry.tipo }
        filtro.natureza = maybe { entry.natureza }
        filtro.categoria = maybe { entry.categoria }
        filtro.referencia = maybe { entry.referencia }
        filtro.chave = maybe { entry.chave }
        return filtro
    }

    private static func matches(_ entry: Lancamento, _ filtro: FiltroDeLancamentos) -> Bool {
        filtro.conta.cobre(entry.conta) && filtro.de.map { entry.data >= $0 } != false && filtro.ate.map { entry.data <= $0 } != false
            && filtro.tipo.map { entry.tipo == $0 } != false && filtro.natureza.map { entry.natureza == $0 } != false
            && filtro.categoria.map { entry.categoria == $0 } != false && filtro.referencia.map { entry.referencia == $0 } != false
            && filtro.chave.map { entry.chave == $0 } != false
    }

    @Test func `every filter gives, page by page in every order, what a plain search gives`() async throws {
        try await withSchema(LancamentosMigrations.migrations) { client, configuration in
            var random = SeededGenerator(seed: 31)
            let repository = PostgresLancamentoRepository(client: client, reads: client, logger: Logger(label: "tests"))
            var registros = (1...400).map { Self.entry($0, &random) }
            // An entry that is reversed says so in lists, too.
            var estorno = try registros[9].lancamento.estorno(
                PedidoDeEstorno(), id: LancamentoID(bits: registros[399].lancamento.id.bits + 1), hoje: Dia(parsing: "2026-11-10")!,
                registradoPor: nil, canal: .rest)
            estorno.categoria = nil
            registros.append(Registration(lancamento: estorno, conteudo: nil, traceparent: nil))
            _ = try await repository.register(registros)
            var entries = registros.map(\.lancamento)
            entries[9].estornadoPor = estorno.id

            for _ in 0..<150 {
                let filtro = Self.filtro(entries, &random)
                let limit = Int.random(in: 1...60, using: &random)
                for order in [ListOrder.newestFirst, .oldestFirst, .latestDayFirst, .earliestDayFirst] {
                    var seen: [Lancamento] = []
                    while true {
                        let page = try await repository.list(filtro, order, after: seen.last.map { ListPosition($0) }, limit: limit)
                        seen += page
                        if page.count < limit { break }
                    }
                    var expected = entries.filter { Self.matches($0, filtro) }
                    if order == .latestDayFirst || order == .earliestDayFirst {
                        expected.sort { ($0.data, $0.id) < ($1.data, $1.id) }
                    }
                    let isAscending = order == .oldestFirst || order == .earliestDayFirst
                    #expect(seen == (isAscending ? expected : expected.reversed()), "\(filtro)")
                }
            }
        }
    }
}

extension Tipo {
    fileprivate static func random(using random: inout SeededGenerator) -> Tipo { allCases.randomElement(using: &random)! }
}

extension Natureza {
    fileprivate static func random(using random: inout SeededGenerator) -> Natureza { allCases.randomElement(using: &random)! }
}
