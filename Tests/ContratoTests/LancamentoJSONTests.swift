import Contrato
import FluxoDeCaixa
import Testing

@Suite struct LancamentoJSONTests {
    @Test func `members without a value are left out`() throws {
        let esperado = """
            {"conta":"loja42.caixa","tipo":"credito","valor":"150.70","data":"2022-02-22","moeda":"BRL","natureza":"operacional",\
            "id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","registrado_em":"2022-02-22T19:22:22.000Z","canal":"rest"}
            """
        #expect(String(decoding: LancamentoJSON.encode(try Exemplo.minimo()), as: UTF8.self) == esperado)
    }

    @Test func `every member is in its order`() throws {
        let esperado = """
            {"conta":"loja42.caixa","tipo":"debito","valor":"150.70","data":"2022-02-22","moeda":"BRL","natureza":"transferencia",\
            "descricao":"Água \\"e\\" luz","categoria":"casa","referencia":"NF 1","metadados":{"a":"1","b":"2"},\
            "id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","registrado_em":"2022-02-22T19:22:22.000Z","registrado_por":"ana","canal":"fila",\
            "chave":"k-1","estorno_de":"017f22e2-79b1-7cc3-98c4-dc0c0c07398f","estornado_por":"017f22e2-79b1-7cc3-98c4-dc0c0c07398f"}
            """
        #expect(String(decoding: LancamentoJSON.encode(try Exemplo.completo()), as: UTF8.self) == esperado)
    }
}
