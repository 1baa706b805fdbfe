package import FluxoDeCaixa

/// The rules of the day parameters of reads. An absent parameter is `nil`; an empty one is not a day.
package enum DateParameters {
    /// The longest period of a read of balances.
    package static let periodoMaximoEmDias = 366
    /// The same if the answer has a row for each week or month.
    package static let periodoAgrupadoMaximoEmDias = 3660

    /// Reads the `{data}` of a path: any day 0001-01-01…9999-12-31.
    package static func dia(_ texto: String, campo: String = "data") throws(ErrosDeCampo) -> Dia {
        guard let dia = Dia(parsing: texto) else { throw ErrosDeCampo([self.naoEDia(campo)]) }
        return dia
    }

    /// Reads `de` and `ate` of balances: both required, `de` not after `ate`, at most `diasMax` days.
    package static func periodo(de: String?, ate: String?, diasMax: Int = periodoMaximoEmDias) throws(ErrosDeCampo) -> Periodo {
        let limites = try self.limites(de: de, ate: ate, obrigatorios: true)
        guard let primeiro = limites.de, let ultimo = limites.ate, let periodo = Periodo(de: primeiro, ate: ultimo) else {
            throw ErrosDeCampo([self.ateAntesDeDe])
        }
        guard periodo.quantidadeDeDias <= diasMax else {
            throw ErrosDeCampo(
                campo: "ate",
                codigo: .foraDoIntervalo,
                mensagem: "O período tem \(periodo.quantidadeDeDias) dias; o máximo é \(diasMax)."
            )
        }
        return periodo
    }

    /// Reads `de` and `ate` of a list: each may be absent, `de` not after `ate`.
    package static func intervalo(de: String?, ate: String?) throws(ErrosDeCampo) -> (de: Dia?, ate: Dia?) {
        try self.limites(de: de, ate: ate, obrigatorios: false)
    }

    private static func limites(de: String?, ate: String?, obrigatorios: Bool) throws(ErrosDeCampo) -> (de: Dia?, ate: Dia?) {
        var erros: [ErroDeCampo] = []
        var dias: [Dia?] = []
        for (campo, texto) in [("de", de), ("ate", ate)] {
            let dia = texto.flatMap { Dia(parsing: $0) }
            dias.append(dia)
            if texto == nil, obrigatorios {
                erros.append(ErroDeCampo(campo: campo, codigo: .obrigatorio, mensagem: "Obrigatório: uma data AAAA-MM-DD."))
            } else if texto != nil, dia == nil {
                erros.append(self.naoEDia(campo))
            }
        }
        if let de = dias[0], let ate = dias[1], ate < de { erros.append(self.ateAntesDeDe) }
        guard erros.isEmpty else { throw ErrosDeCampo(erros) }
        return (dias[0], dias[1])
    }

    private static var ateAntesDeDe: ErroDeCampo {
        ErroDeCampo(campo: "ate", codigo: .foraDoIntervalo, mensagem: "Não pode ser antes de `de`.")
    }

    private static func naoEDia(_ campo: String) -> ErroDeCampo {
        ErroDeCampo(
            campo: campo, codigo: .formato, mensagem: "Deve ser uma data existente na forma AAAA-MM-DD, de 0001-01-01 a 9999-12-31.")
    }
}

/// The parameter `agrupar` of a period.
package enum AgruparParameter {
    /// - Returns: nil if it is absent: a row for each day.
    /// - Throws: a fault of `agrupar`.
    package static func read(_ valor: String?) throws(ErrosDeCampo) -> AgrupamentoDeDias? {
        guard let valor else { return nil }
        guard let agrupamento: AgrupamentoDeDias = KnownWord.read(valor) else {
            throw ErrosDeCampo(campo: "agrupar", codigo: .valorNaoAceito, mensagem: KnownWord.accepted(AgrupamentoDeDias.self))
        }
        return agrupamento
    }
}

/// The rules of the parameters of the list of entries. The dictionary has no key for an absent parameter.
package enum ListParameters {
    /// The parameters that filter, except `conta`, which is read together with the token.
    package static let filtros = ["de", "ate", "tipo", "natureza", "categoria", "referencia", "chave"]

    /// Returns the filter, or every fault at once.
    package static func filtro(_ valores: [String: String], conta: FiltroDeConta) throws(ErrosDeCampo) -> FiltroDeLancamentos {
        var filtro = FiltroDeLancamentos(conta: conta)
        var erros: [ErroDeCampo] = []
        do throws(ErrosDeCampo) {
            (filtro.de, filtro.ate) = try DateParameters.intervalo(de: valores["de"], ate: valores["ate"])
        } catch {
            erros += error.erros
        }
        filtro.tipo = self.palavra("tipo", valores["tipo"], &erros)
        filtro.natureza = self.palavra("natureza", valores["natureza"], &erros)
        filtro.categoria = self.texto("categoria", valores["categoria"], NovoLancamento.categoriaMaximaEmEscalares, &erros)
        filtro.referencia = self.texto("referencia", valores["referencia"], NovoLancamento.referenciaMaximaEmEscalares, &erros)
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
        let palavra: Palavra? = KnownWord.read(valor)
        if palavra == nil {
            erros.append(ErroDeCampo(campo: campo, codigo: .valorNaoAceito, mensagem: KnownWord.accepted(Palavra.self)))
        }
        return palavra
    }

    private static func texto(_ campo: String, _ valor: String?, _ maximo: Int, _ erros: inout [ErroDeCampo]) -> String? {
        guard let valor else { return nil }
        if valor.hasMoreScalars(than: maximo) {
            erros.append(ErroDeCampo(campo: campo, codigo: .tamanho, mensagem: "Deve ter no máximo \(maximo) caracteres."))
        }
        return valor
    }
}
