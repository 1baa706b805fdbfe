import Contrato
import FluxoDeCaixa
import Testing

@Suite struct PedidoDeEstornoReaderTests {
    private func read(_ texto: String) throws -> PedidoDeEstorno {
        let hoje = try #require(Dia(parsing: "2026-11-24"))
        return try PedidoDeEstornoReader(janela: JanelaDeDatas(hoje: hoje)).read(JSONReader.read(Array(texto.utf8)))
    }

    @Test(
        arguments: [
            ("{}", nil, nil), (#"{"data":null,"descricao":null}"#, nil, nil), (#"{"data":"2026-11-25"}"#, "2026-11-25", nil),
            (#"{"descricao":"","data":"0001-01-01"}"#, "0001-01-01", ""),
        ] as [(String, String?, String?)])
    func `a request for an estorno is read`(texto: String, data: String?, descricao: String?) throws {
        let pedido = try read(texto)
        #expect(pedido.data?.description == data)
        #expect(pedido.descricao == descricao)
    }

    @Test(arguments: [
        ("[]", ["corpo tipo_invalido"]), (#"{"data":"2026-11-26"}"#, ["data fora_do_intervalo"]), (#"{"data":"x"}"#, ["data formato"]),
        (#"{"data":1,"descricao":1,"valor":"1"}"#, ["data tipo_invalido", "descricao tipo_invalido", "valor desconhecido"]),
        (#"{"descricao":"\u0000"}"#, ["descricao caractere_proibido"]),
    ])
    func `a wrong request for an estorno is refused`(texto: String, erros: [String]) throws {
        let lancado = #expect(throws: ErrosDeCampo.self) { try read(texto) }
        #expect(lancado?.erros.map { "\($0.campo) \($0.codigo.rawValue)" } == erros)
    }
}
