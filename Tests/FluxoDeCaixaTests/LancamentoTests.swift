import FluxoDeCaixa
import Testing

@Suite struct LancamentoTests {
    private let hoje: Dia
    private let original: Lancamento
    private let novoID: LancamentoID

    init() throws {
        hoje = try #require(Dia(parsing: "2026-11-24"))
        novoID = try #require(LancamentoID(parsing: "017f22e2-79b1-7cc3-98c4-dc0c0c07398f"))
        original = Lancamento(
            id: try #require(LancamentoID(parsing: "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")),
            conta: try #require(Conta("loja42.caixa")),
            tipo: .credito,
            valor: try #require(Valor(parsing: "150.75")),
            data: try #require(Dia(parsing: "2026-11-20")),
            natureza: .transferencia,
            descricao: "venda",
            categoria: "vendas",
            referencia: "NF 1",
            metadados: try #require(Metadados([Metadados.Item(nome: "a", valor: "b")])),
            registradoPor: "ana",
            canal: .rest,
            chave: Chave(literal: "k")
        )
    }

    private func estorno(_ pedido: PedidoDeEstorno = PedidoDeEstorno(), de original: Lancamento? = nil) throws(EstornoRecusado)
        -> Lancamento
    {
        try (original ?? self.original).estorno(pedido, id: novoID, hoje: hoje, registradoPor: "bia", canal: .fila)
    }

    @Test func `an entry has the members that were sent`() throws {
        var novo = NovoLancamento(conta: original.conta, tipo: .debito, valor: original.valor, chave: original.chave)
        let semData = Lancamento(novo, id: novoID, hoje: hoje, registradoPor: nil, canal: .lote)
        #expect(semData.data == hoje)
        #expect(semData.chave == original.chave)
        #expect(semData.canal == .lote)
        #expect(semData.registradoEm == novoID.instante)
        novo.data = original.data
        #expect(Lancamento(novo, id: novoID, hoje: hoje, registradoPor: nil, canal: .lote).data == original.data)
    }

    @Test func `texts compare by bytes`() {
        var composto = original
        composto.descricao = "\u{E9}"
        var decomposto = original
        decomposto.descricao = "e\u{301}"
        #expect(composto == composto)
        #expect(composto != decomposto)
        decomposto.descricao = nil
        #expect(composto != decomposto)
    }

    @Test func `an estorno reverses the whole entry`() throws {
        let estorno = try estorno()
        var esperado = original
        esperado.id = novoID
        esperado.tipo = .debito
        esperado.data = hoje
        esperado.descricao = "Estorno de 017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
        esperado.registradoPor = "bia"
        esperado.canal = .fila
        esperado.chave = nil
        esperado.estornoDe = original.id
        #expect(estorno == esperado)
    }

    @Test func `the estorno of tomorrow's entry is on its day`() throws {
        var deAmanha = original
        deAmanha.data = try #require(hoje.somando(dias: 1))
        #expect(try estorno(de: deAmanha).data == deAmanha.data)
        #expect(throws: EstornoRecusado.dataAntesDoOriginal) { try estorno(PedidoDeEstorno(data: hoje), de: deAmanha) }
    }

    @Test func `an estorno has the day and the text of the request`() throws {
        let estorno = try estorno(PedidoDeEstorno(data: original.data, descricao: ""))
        #expect(estorno.data == original.data)
        #expect(estorno.descricao?.isEmpty == true)
        let amanha = try #require(hoje.somando(dias: 1))
        #expect(try self.estorno(PedidoDeEstorno(data: amanha)).data == amanha)
    }

    @Test func `an estorno is refused for an estorno and for days outside its window`() throws {
        #expect(throws: EstornoRecusado.dataAntesDoOriginal) { try estorno(PedidoDeEstorno(data: original.data.somando(dias: -1))) }
        #expect(throws: EstornoRecusado.dataDepoisDeAmanha) { try estorno(PedidoDeEstorno(data: hoje.somando(dias: 2))) }
        var umEstorno = original
        umEstorno.estornoDe = novoID
        #expect(throws: EstornoRecusado.estornoDeEstorno) { try estorno(de: umEstorno) }
    }
}
