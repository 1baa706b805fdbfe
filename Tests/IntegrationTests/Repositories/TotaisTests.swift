import Contrato
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
struct TotaisTests {
    private static let contas = ["loja42.a", "loja42.b", "loja43"].map { Conta($0)! }

    private static func entry(_ number: UInt64, _ random: inout SeededGenerator) -> Lancamento {
        Lancamento(
            id: TestEntry.id(number),
            conta: contas.randomElement(using: &random)!,
            tipo: Tipo.allCases.randomElement(using: &random)!,
            valor: Valor(centavos: Int64.random(in: 1...100_000, using: &random))!,
            data: Dia(parsing: "2025-12-20")!.somando(dias: Int.random(in: 0..<60, using: &random))!,
            natureza: Natureza.allCases.randomElement(using: &random)!,
            categoria: ["a", "Z", "é", nil].randomElement(using: &random)!,
            canal: .rest
        )
    }

    private static func value(_ entry: Lancamento, _ agrupamento: TotaisDeLancamentos.Agrupamento) -> String? {
        switch agrupamento {
        case .categoria: entry.categoria
        case .natureza: entry.natureza.rawValue
        case .tipo: entry.tipo.rawValue
        case .conta: entry.conta.nome
        case .dia: entry.data.description
        // 2026-01-05 is a Monday.
        case .semana:
            entry.data.somando(dias: -((entry.data.diasDesde(Dia(parsing: "2026-01-05")!) % 7 + 7) % 7))!.description
        case .mes: String(entry.data.description.prefix(7))
        }
    }

    /// The groups by plain addition, ordered by bytes with nil last.
    private static func added(_ entries: [Lancamento], _ por: [TotaisDeLancamentos.Agrupamento]) -> [TotaisDeLancamentos.Grupo] {
        var sums: [[String?]: TotaisDeLancamentos.Soma] = [:]
        for entry in entries {
            let quantia = Quantia(entry.valor)
            let isCredit = entry.tipo == .credito
            sums[por.map { Self.value(entry, $0) }, default: .zero] += TotaisDeLancamentos.Soma(
                totalCreditos: isCredit ? quantia : .zero, totalDebitos: isCredit ? .zero : quantia, quantidadeCreditos: isCredit ? 1 : 0,
                quantidadeDebitos: isCredit ? 0 : 1)
        }
        func key(_ values: [String?]) -> [[UInt8]] { values.map { $0.map { [0] + Array($0.utf8) } ?? [1] } }
        return sums.map { TotaisDeLancamentos.Grupo(valores: $0.key, soma: $0.value) }.sorted { first, second in
            for (one, other) in zip(key(first.valores), key(second.valores)) where one != other {
                return one.lexicographicallyPrecedes(other)
            }
            return false
        }
    }

    @Test func `every grouping gives what a plain addition gives`() async throws {
        try await withSchema(LancamentosMigrations.migrations) { client, _ in
            var random = SeededGenerator(seed: 7)
            let entries = (1...500).map { Self.entry($0, &random) }
            let logger = Logger(label: "tests")
            _ = try await PostgresLancamentoRepository(client: client, reads: client, logger: logger)
                .register(entries.map { Registration(lancamento: $0, conteudo: nil, traceparent: nil) })
            let repository = PostgresTotaisRepository(client: client, logger: logger)
            let one = TotaisDeLancamentos.Agrupamento.allCases.map { [$0] }
            let two = TotaisDeLancamentos.Agrupamento.allCases.flatMap { first in
                TotaisDeLancamentos.Agrupamento.allCases.filter { $0 != first }.map { [first, $0] }
            }
            var filtro = FiltroDeLancamentos(conta: .abaixoDe(Conta("loja42")!))
            filtro.de = Dia(parsing: "2025-12-25")
            filtro.ate = Dia(parsing: "2026-02-10")
            for por in one + two {
                for tipo in [nil, Tipo.debito] {
                    filtro.tipo = tipo
                    let totais = try await repository.totais(filtro, por: por, groupsMax: 10_000, until: .now + .seconds(60))
                    let expected = entries.filter {
                        filtro.conta.cobre($0.conta) && $0.data >= filtro.de! && $0.data <= filtro.ate! && $0.tipo == tipo ?? $0.tipo
                    }
                    #expect(totais?.grupos == Self.added(expected, por), "\(por)")
                }
            }
            filtro.ate = Dia(parsing: "2025-12-25")
            filtro.conta = .uma(Conta("nunca")!)
            #expect(try await repository.totais(filtro, por: [.dia], groupsMax: 1, until: .now + .seconds(60))?.grupos == [])
        }
    }

    @Test func `more groups than the limit are reported`() async throws {
        try await withSchema(LancamentosMigrations.migrations) { client, _ in
            let logger = Logger(label: "tests")
            let entries = (1...3).map { TestEntry.make($0, conta: "loja\($0)") }
            _ = try await PostgresLancamentoRepository(client: client, reads: client, logger: logger)
                .register(entries.map { Registration(lancamento: $0, conteudo: nil, traceparent: nil) })
            let repository = PostgresTotaisRepository(client: client, logger: logger)
            let filtro = FiltroDeLancamentos(conta: .todas)
            #expect(try await repository.totais(filtro, por: [.conta], groupsMax: 3, until: .now + .seconds(60))?.grupos.count == 3)
            #expect(try await repository.totais(filtro, por: [.conta], groupsMax: 2, until: .now + .seconds(60)) == nil)
        }
    }

    @Test(.enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"))
    func `lists by day and totals are served with their rules`() async throws {
        try await Stack.with(consolidados: 0) { stack in
            let api = API(token: stack.token)
            let path = "\(stack.lancamentos.url)/v1/lancamentos"
            for (valor, tipo, data) in [
                ("3.00", "credito", "2026-01-03"), ("1.00", "credito", "2026-01-01"), ("2.00", "debito", "2026-01-02"),
            ] {
                let body = #"{"conta":"loja42.caixa","tipo":"\#(tipo)","valor":"\#(valor)","data":"\#(data)"}"#
                #expect(try await api.send("POST", path, headers: [("Content-Type", "application/json")], body: body).status == 201)
            }
            func days(_ query: String, accept: String) async throws -> [String] {
                let answer = try await api.send("GET", "\(path)?conta=loja42.caixa&\(query)", headers: [("Accept", accept)])
                return answer.text.split(separator: "\"data\":\"").dropFirst().map { String($0.prefix(10)) }
            }
            #expect(try await days("ordem=data", accept: "application/json") == ["2026-01-03", "2026-01-02", "2026-01-01"])
            #expect(try await days("ordem=data", accept: "application/x-ndjson") == ["2026-01-01", "2026-01-02", "2026-01-03"])
            let page = try JSONReader.read(
                Array(try await api.send("GET", "\(path)?conta=loja42.caixa&ordem=data&limite=1", headers: []).text.utf8))
            guard case .string(let cursor)? = page["proximo"] else { throw TestFailure("no cursor") }
            #expect(try await days("ordem=data&limite=1&cursor=\(cursor)", accept: "application/json") == ["2026-01-02"])

            let totals = try await api.send(
                "GET", "\(path)/totais?conta=loja42.caixa&de=2026-01-01&ate=2026-01-31&por=mes,tipo&tipo=credito", headers: [])
            #expect(totals.status == 200)
            #expect(totals.text.contains(#""itens":[{"mes":"2026-01","tipo":"credito","total_creditos":"4.00","total_debitos":"0.00""#))
            let csv = try await api.send(
                "GET", "\(path)/totais?conta=loja42.caixa&de=2026-01-01&ate=2026-01-31&por=dia", headers: [("Accept", "text/csv")])
            #expect(csv.text.hasSuffix("\r\n2026-01-03,3.00,0.00,3.00,1,0\r\n"))
            for (query, status) in [
                ("totais?conta=loja42.caixa&de=2026-01-01&ate=2026-01-31", 422), ("totais?conta=loja42.caixa&de=2026-01-01&por=dia", 422),
                ("totais?conta=loja42.caixa&de=2025-01-01&ate=2026-01-02&por=dia", 422),
                ("totais?conta=loja42.caixa&de=2026-01-01&ate=2026-01-02&por=dia&limite=3", 422),
                ("?conta=loja42.caixa&ordem=valor", 422), ("?conta=loja42.caixa&limite=1&cursor=\(cursor)", 422),
            ] {
                let separator = query.hasPrefix("?") ? "" : "/"
                let answer = try await api.send("GET", "\(path)\(separator)\(query)", headers: [])
                #expect(answer.status == status, "\(query): \(answer.text)")
            }
        }
    }
}
