package import FluxoDeCaixa

/// The rules of the parameters of the list of entries. A parameter that is absent is no key of the dictionary.
package enum ParametrosDaLista {
    /// The parameters that filter, but for `conta`, which is read together with the token.
    package static let filtros = ["de", "ate", "tipo", "natureza", "categoria", "referencia", "chave"]

    /// The filter, or every fault at once.
    package static func filtro(_ valores: [String: String], conta: FiltroDeConta) throws(ErrosDeCampo) -> FiltroDeLancamentos {
        var filtro = FiltroDeLancamentos(conta: conta)
        var erros: [ErroDeCampo] = []
        do throws(ErrosDeCampo) {
            (filtro.de, filtro.ate) = try ParametrosDeData.intervalo(de: valores["de"], ate: valores["ate"])
        } catch {
            erros += error.erros
        }
        filtro.tipo = palavra("tipo", valores["tipo"], &erros)
        filtro.natureza = palavra("natureza", valores["natureza"], &erros)
        filtro.categoria = texto("categoria", valores["categoria"], NovoLancamento.categoriaMaximaEmEscalares, &erros)
        filtro.referencia = texto("referencia", valores["referencia"], NovoLancamento.referenciaMaximaEmEscalares, &erros)
        if let chave = valores["chave"] {
            filtro.chave = Chave(literal: chave)
            if filtro.chave == nil {
                let maximo = Chave.comprimentoMaximoEmCaracteres
                let mensagem = "Deve ter de 1 a \(maximo) caracteres visíveis de ASCII (0x21 a 0x7E)."
                erros.append(ErroDeCampo(campo: "chave", codigo: .formato, mensagem: mensagem))
            }
        }
        guard erros.isEmpty else { throw ErrosDeCampo(erros) }
        return filtro
    }

    private static func palavra<Palavra: RawRepresentable<String> & CaseIterable>(
        _ campo: String, _ valor: String?, _ erros: inout [ErroDeCampo]
    ) -> Palavra? {
        guard let valor else { return nil }
        guard let palavra: Palavra = PalavraConhecida.ler(valor) else {
            let aceitas = Palavra.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
            erros.append(ErroDeCampo(campo: campo, codigo: .valorNaoAceito, mensagem: "Valores aceitos: \(aceitas)."))
            return nil
        }
        return palavra
    }

    private static func texto(_ campo: String, _ valor: String?, _ maximo: Int, _ erros: inout [ErroDeCampo]) -> String? {
        guard let valor else { return nil }
        if valor.temMaisEscalaresQue(maximo) {
            erros.append(ErroDeCampo(campo: campo, codigo: .tamanho, mensagem: "Deve ter no máximo \(maximo) caracteres."))
        }
        return valor
    }
}
