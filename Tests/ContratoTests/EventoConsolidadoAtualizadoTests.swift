import Contrato
import FluxoDeCaixa
import Testing

@Suite struct EventoConsolidadoAtualizadoTests {
    @Test func `the event is as published`() throws {
        let noticia = EventoConsolidadoAtualizado.Noticia(
            conta: try #require(Conta("loja42.caixa")),
            movimento: MovimentoDoDia(
                data: try #require(Dia(parsing: "2026-11-24")), totalCreditos: Quantia(centavos: 1000),
                totalDebitos: Quantia(centavos: 2230), transferenciasEntrada: Quantia(centavos: 1),
                transferenciasSaida: Quantia(centavos: 20), quantidadeCreditos: 1, quantidadeDebitos: 2),
            versao: 7,
            atualizadoEm: Instante(milissegundos: 1_795_503_692_123)
        )
        #expect(
            String(decoding: EventoConsolidadoAtualizado.encode(noticia, urlPublica: "https://x"), as: UTF8.self) == """
                {"specversion":"1.0","id":"loja42.caixa/2026-11-24/7","source":"/fluxo-caixa/consolidado",\
                "type":"br.fluxocaixa.consolidado.atualizado.v1","subject":"loja42.caixa","time":"2026-11-24T07:01:32.123Z",\
                "datacontenttype":"application/json","dataschema":"https://x/esquemas/consolidado-atualizado-v1.json",\
                "data":{"conta":"loja42.caixa","data":"2026-11-24","moeda":"BRL","total_creditos":"10.00","total_debitos":"22.30",\
                "transferencias_entrada":"0.01","transferencias_saida":"0.20","saldo_do_dia":"-12.30","quantidade_creditos":1,\
                "quantidade_debitos":2,"versao":7,"atualizado_em":"2026-11-24T07:01:32.123Z"}}
                """
        )
    }

    @Test func `an event is read as it is written, with members of later versions`() throws {
        let conta = try #require(Conta("loja42.caixa"))
        let dia = try #require(Dia(parsing: "2026-11-24"))
        let noticia = EventoConsolidadoAtualizado.Noticia(
            conta: conta, movimento: MovimentoDoDia(data: dia), versao: 7, atualizadoEm: Instante(milissegundos: 0))
        let bytes = EventoConsolidadoAtualizado.encode(noticia, urlPublica: "https://x")
        let received = try #require(EventoConsolidadoAtualizado.decode(bytes))
        #expect(received.conta == conta && received.data == dia && received.versao == 7)
        #expect(try JSONReader.read(received.dados) == JSONReader.read(bytes)["data"])
        let later = String(decoding: bytes, as: UTF8.self).replacing(#""moeda":"BRL""#, with: #""novo":"a\nb""#)
        let dados = try #require(EventoConsolidadoAtualizado.decode(Array(later.utf8))).dados
        #expect(try JSONReader.read(dados)["novo"]?.text == "a\nb")
        #expect(!dados.contains(0x0A), "a line break would end the line of a stream")
    }

    @Test(arguments: [
        "", "[]", #"{"type":"br.fluxocaixa.consolidado.atualizado.v2","data":{"conta":"a","data":"2026-11-24","versao":1}}"#,
        #"{"type":"br.fluxocaixa.consolidado.atualizado.v1","data":{"conta":"a","data":"2026-11-31","versao":1}}"#,
        #"{"type":"br.fluxocaixa.consolidado.atualizado.v1","data":{"conta":"..","data":"2026-11-24","versao":1}}"#,
        #"{"type":"br.fluxocaixa.consolidado.atualizado.v1","data":{"conta":"a","data":"2026-11-24","versao":"1"}}"#,
    ])
    func `another event is not read`(body: String) {
        #expect(EventoConsolidadoAtualizado.decode(Array(body.utf8)) == nil)
    }
}
