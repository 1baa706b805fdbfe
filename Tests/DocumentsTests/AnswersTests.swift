import Contrato
import Documents
import Edge
import FluxoDeCaixa
import Observability
import Testing

/// The members that the code writes, against the documents.
@Suite struct AnswersTests {
    private static let id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"

    private static func lancamento(completo: Bool) throws -> Lancamento {
        let id = try #require(LancamentoID(parsing: self.id))
        var lancamento = Lancamento(
            id: id, conta: try #require(Conta("loja42.caixa")), tipo: .credito, valor: try #require(Valor(parsing: "150.75")),
            data: try #require(Dia(parsing: "2026-11-24")), canal: .rest)
        guard completo else { return lancamento }
        lancamento.descricao = "d"
        lancamento.categoria = "c"
        lancamento.referencia = "r"
        lancamento.metadados = try #require(Metadados([Metadados.Item(nome: "a", valor: "1")]))
        lancamento.registradoPor = "ana"
        lancamento.chave = Chave(literal: "k")
        lancamento.estornoDe = id
        lancamento.estornadoPor = id
        return lancamento
    }

    @Test func `an entry has the members that are documented`() throws {
        let schema = try Documented.schema("Lancamento")
        let most = try JSONReader.read(LancamentoJSON.encode(Self.lancamento(completo: true)))
        let least = try JSONReader.read(LancamentoJSON.encode(Self.lancamento(completo: false)))
        #expect(schema["properties"]?.names == most.names)
        #expect(schema["required"]?.texts == least.names)
    }

    @Test func `an event's entry has the members of its schema, which is not REST's`() throws {
        let schemas = try PublishedDocument.schemas(urlPublica: "https://api.example")
        let schema = try #require(schemas.first { $0.name == "lancamento-registrado-v1.json" }).value
        #expect(schema["$id"]?.text == EventoLancamentoRegistrado.dataschema(urlPublica: "https://api.example"))
        #expect(schema["properties"]?["estornado_por"] == .bool(false))
        let event = try JSONReader.read(
            EventoLancamentoRegistrado.encode(Self.lancamento(completo: true), urlPublica: "https://api.example"))
        let members = try #require(event["data"]).names
        #expect(try #require(schema["properties"]).names.filter { $0 != "estornado_por" } == members)
        let least = try JSONReader.read(EventoLancamentoRegistrado.encode(Self.lancamento(completo: false), urlPublica: ""))
        #expect(schema["required"]?.texts == least["data"]?.names)

        let message = try #require(try Documented.asyncAPI().value["components"]?["messages"]?["LancamentoRegistrado"])
        #expect(message["payload"]?["properties"]?.names == event.names)
        #expect(message["payload"]?["required"]?.texts == event.names)
        for name in ["specversion", "source", "type", "datacontenttype"] {
            #expect(message["payload"]?["properties"]?[name]?["const"] == event[name], "\(name)")
        }
    }

    @Test func `the news of a day has the members of its schema and message`() throws {
        let schemas = try PublishedDocument.schemas(urlPublica: "https://api.example")
        let schema = try #require(schemas.first { $0.name == "consolidado-atualizado-v1.json" }).value
        #expect(schema["$id"]?.text == EventoConsolidadoAtualizado.dataschema(urlPublica: "https://api.example"))
        let dia = try #require(Dia(parsing: "2026-11-24"))
        let noticia = EventoConsolidadoAtualizado.Noticia(
            conta: try #require(Conta("loja42.caixa")), movimento: MovimentoDoDia(data: dia), versao: 1, atualizadoEm: .primeiro)
        let event = try JSONReader.read(EventoConsolidadoAtualizado.encode(noticia, urlPublica: "https://api.example"))
        #expect(schema["properties"]?.names == event["data"]?.names)
        #expect(schema["required"]?.texts == event["data"]?.names)
        let message = try #require(try Documented.asyncAPI().value["components"]?["messages"]?["ConsolidadoAtualizado"])
        #expect(message["payload"]?["properties"]?.names == event.names)
        #expect(message["payload"]?["required"]?.texts == event.names)
        for name in ["specversion", "source", "type", "datacontenttype"] {
            #expect(message["payload"]?["properties"]?[name]?["const"] == event[name], "\(name)")
        }
    }

    @Test func `balances have the members that are documented`() throws {
        let dia = try #require(Dia(parsing: "2026-11-24"))
        let day = SaldoDiario(conta: "a", saldoInicial: .zero, movimento: MovimentoDoDia(data: dia), versao: 0)
        let schema = try Documented.schema("SaldoDoDia", .consolidado)
        let written = try JSONReader.read(SaldoJSON.encode(day))
        #expect(schema["properties"]?.names == written.names)
        #expect(schema["required"]?.texts == written.names)

        let periodo = try #require(Periodo(de: dia, ate: dia))
        let whole = try JSONReader.read(
            SaldoJSON.encode(SaldoDoPeriodo(conta: "a", periodo: periodo, versao: 0, saldoInicial: .zero, movimentos: [])))
        let period = try Documented.schema("SaldoDoPeriodo", .consolidado)
        #expect(period["properties"]?.names == whole.names)
        #expect(period["required"]?.texts == whole.names)
        let grouped = try JSONReader.read(
            SaldoJSON.encode(
                SaldoDoPeriodo(conta: "a", periodo: periodo, versao: 0, saldoInicial: .zero, movimentos: []), agrupadoPor: .mes))
        let groups = try Documented.schema("SaldoAgrupado", .consolidado)
        #expect(groups["properties"]?.names == grouped.names)
        #expect(groups["required"]?.texts == grouped.names)
        let interval = try Documented.schema("SaldoDeIntervalo", .consolidado)
        #expect(interval["properties"]?.names == grouped["periodos"]?.elements.first?.names)
        #expect(interval["required"]?.texts == interval["properties"]?.names)
        let totals = try Documented.schema("TotaisDoPeriodo", .consolidado)
        #expect(totals["properties"]?.names == whole["totais"]?.names)
        #expect(totals["required"]?.texts == whole["totais"]?.names)
    }

    @Test func `totals of entries have the members that are documented`() throws {
        let soma = TotaisDeLancamentos.Soma.zero
        let por = TotaisDeLancamentos.Agrupamento.allCases
        let totais = TotaisDeLancamentos(por: por, grupos: [.init(valores: por.map { _ in "x" }, soma: soma)])
        let dia = try #require(Dia(parsing: "2026-11-24"))
        let written = try JSONReader.read(
            TotaisJSON.encode(totais, conta: .todas, periodo: try #require(Periodo(de: dia, ate: dia))))
        let schema = try Documented.schema("Totais", .lancamentos)
        #expect(schema["properties"]?.names == written.names)
        #expect(schema["required"]?.texts == written.names)
        let sum = try Documented.schema("SomaDeLancamentos", .lancamentos)
        #expect(sum["properties"]?.names == written["totais"]?.names)
        #expect(sum["required"]?.texts == written["totais"]?.names)
        #expect(try Documented.schema("Agrupamento", .lancamentos)["enum"]?.texts == por.map(\.rawValue))
    }

    @Test func `a simulated entry has the members of an entry`() throws {
        let names = try Documented.schema("Lancamento", .lancamentos)["properties"]?.names
        #expect(try Documented.schema("LancamentoOuSimulado", .lancamentos)["properties"]?.names == names)
    }

    @Test func `the list of accounts has the members that are documented`() throws {
        let dia = try #require(Dia(parsing: "2026-11-24"))
        let conta = ResumoDeConta(
            conta: try #require(Conta("a")), saldo: .zero, primeiraData: dia, ultimaData: dia, quantidade: 1, versao: 1)
        let written = try JSONReader.read(ResumoDeContaJSON.encode([conta], proximo: nil))
        let page = try Documented.schema("PaginaDeContas", .consolidado)
        #expect(page["properties"]?.names == written.names)
        let schema = try Documented.schema("ContaComSaldo", .consolidado)
        #expect(schema["properties"]?.names == written["itens"]?.elements.first?.names)
        #expect(schema["required"]?.texts == schema["properties"]?.names)
    }

    @Test func `columns of CSV are the members, and the examples show them`() throws {
        for (columns, schema, example, service) in [
            (LancamentoCSV.colunas, "Lancamento", "extrato-csv", PublishedDocument.Service.lancamentos),
            (SaldoCSV.colunas, "SaldoDoDia", "saldos-csv", .consolidado),
        ] {
            #expect(try Documented.schema(schema, service)["properties"]?.names == columns)
            let text = try #require(try Documented.openAPI(service).value["components"]?["examples"]?[example]?["value"]?.text)
            #expect(text.hasPrefix(columns.joined(separator: ",") + "\r\n"))
        }
    }

    @Test func `a problem has the members that are documented`() throws {
        let erro = ErroDeCampo(campo: "valor", codigo: .formato, mensagem: "x")
        let problema = Problema(.invalido, detail: "x", erros: [erro], id: LancamentoID(parsing: Self.id))
        let written = try JSONReader.read(problema.json(urlPublica: "http://h", requestID: Self.id))
        for service in PublishedDocument.Service.allCases {
            let schema = try Documented.schema("Problema", service)
            #expect(schema["properties"]?.names == written.names)
            #expect(schema["required"]?.texts == written.names.filter { !["erros", "id"].contains($0) })
            #expect(try Documented.schema("ErroDeCampo", service)["properties"]?.names == written["erros"]?.elements.first?.names)
        }
    }

    @Test func `readiness has the members that are documented`() async throws {
        let schema = try Documented.schema("Prontidao")
        let health = HealthRegistry()
        health.register("banco") { "fora do ar" }
        let written = try JSONReader.read(await health.readiness().json)
        #expect(schema["properties"]?.names == written.names)
        #expect(schema["required"]?.texts == written.names)
        let dependency = try #require(schema["properties"]?["dependencias"]?["additionalProperties"])
        #expect(dependency["properties"]?.names == written["dependencias"]?["banco"]?.names)
    }
}
