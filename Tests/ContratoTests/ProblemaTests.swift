import Contrato
import FluxoDeCaixa
import Testing

@Suite struct ProblemaTests {
    private func texto(_ problema: Problema) -> String {
        String(decoding: problema.json(urlPublica: "http://localhost:8080", requestID: Exemplo.id), as: UTF8.self)
    }

    @Test func `a problem is written in the order of the RFC`() {
        #expect(
            texto(Problema(.naoEncontrado, detail: "Não há.")) == """
                {"type":"http://localhost:8080/problemas#nao-encontrado","title":"Não encontrado","status":404,"detail":"Não há.",\
                "instance":"urn:uuid:017f22e2-79b0-7cc3-98c4-dc0c0c07398f"}
                """
        )
    }

    @Test func `a problem names its faults and the uncertain entry`() throws {
        let erros = ErrosDeCampo(campo: "valor", codigo: .formato, mensagem: "Deve.")
        #expect(texto(Problema(erros)).hasSuffix(#","erros":[{"campo":"valor","codigo":"formato","mensagem":"Deve."}]}"#))
        #expect(Problema(erros).nome == .invalido)
        let id = try #require(LancamentoID(parsing: Exemplo.outroID))
        #expect(texto(Problema(.resultadoDesconhecido, detail: "x", id: id)).hasSuffix(#","id":"017f22e2-79b1-7cc3-98c4-dc0c0c07398f"}"#))
        #expect(Problema(JSONError(position: 3, reason: .trailingBytes)).nome == .ilegivel)
    }

    @Test func `every name has its status`() {
        let esperados = [
            "ilegivel": 400, "chave-invalida": 400, "nao-autenticado": 401, "escopo-insuficiente": 403, "conta-nao-permitida": 403,
            "nao-encontrado": 404, "metodo": 405, "ainda-nao-consolidado": 409, "estorno-de-estorno": 409, "corpo-grande": 413,
            "tipo-de-midia": 415,
            "invalido": 422, "chave-com-outro-conteudo": 422, "limite-de-taxa": 429, "sobrecarga": 503, "banco-indisponivel": 503,
            "resultado-desconhecido": 503,
        ]
        #expect(Dictionary(uniqueKeysWithValues: Problema.Nome.allCases.map { ($0.rawValue, $0.status) }) == esperados)
        #expect(Set(Problema.Nome.allCases.map(\.title)).count == esperados.count)
    }

    @Test func `its description repeats nothing of the request`() {
        let problema = Problema(
            .invalido, detail: "segredo", erros: [ErroDeCampo(campo: "segredo", codigo: .desconhecido, mensagem: "segredo")])
        #expect(problema.description == "invalido: 1 erro(s): desconhecido")
    }
}
