package import FluxoDeCaixa

/// The rules of the day parameters of the reads. A parameter that is absent is `nil`; one that is empty was given, and is no day.
package enum ParametrosDeData {
    /// The longest period of balances that one read gives.
    package static let periodoMaximoEmDias = 366

    /// The `{data}` of a path: any day 0001-01-01…9999-12-31.
    package static func dia(_ texto: String, campo: String = "data") throws(ErrosDeCampo) -> Dia {
        guard let dia = Dia(parsing: texto) else { throw ErrosDeCampo([naoEDia(campo)]) }
        return dia
    }

    /// `de` and `ate` of balances: both required, `de` not after `ate`, at most ``periodoMaximoEmDias``.
    package static func periodo(de: String?, ate: String?) throws(ErrosDeCampo) -> Periodo {
        let limites = try limites(de: de, ate: ate, obrigatorios: true)
        guard let primeiro = limites.de, let ultimo = limites.ate, let periodo = Periodo(de: primeiro, ate: ultimo) else {
            throw ErrosDeCampo([ateAntesDeDe])
        }
        guard periodo.quantidadeDeDias <= periodoMaximoEmDias else {
            throw ErrosDeCampo(
                campo: "ate",
                codigo: .foraDoIntervalo,
                mensagem: "O período tem \(periodo.quantidadeDeDias) dias; o máximo é \(periodoMaximoEmDias)."
            )
        }
        return periodo
    }

    /// `de` and `ate` of a list: each may be absent, `de` not after `ate`.
    package static func intervalo(de: String?, ate: String?) throws(ErrosDeCampo) -> (de: Dia?, ate: Dia?) {
        try limites(de: de, ate: ate, obrigatorios: false)
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
                erros.append(naoEDia(campo))
            }
        }
        if let de = dias[0], let ate = dias[1], ate < de { erros.append(ateAntesDeDe) }
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
