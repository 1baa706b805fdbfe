/// By what the days of a period are grouped.
package enum AgrupamentoDeDias: String, CaseIterable, Sendable {
    /// From Monday to Sunday (ISO 8601).
    case semana
    case mes

    /// The first day of the group that contains a day; the earliest day of the calendar for days before its first Monday.
    func inicio(do dia: Dia) -> Dia {
        switch self {
        case .mes: return dia.primeiroDoMes
        case .semana:
            // 2000-01-03 was a Monday.
            let desdeSegunda = ((Int(dia.diasDesde2000) - 2) % 7 + 7) % 7
            return dia.somando(dias: -desdeSegunda) ?? .primeiro
        }
    }
}

/// The balance of several days in a row, of an account or of the sum of several.
package struct SaldoDeIntervalo: Sendable, Equatable {
    /// The account or pattern of the request.
    package let conta: String
    /// The days, both ends included.
    package let periodo: Periodo
    package let totais: SaldoDoPeriodo.Totais
    /// The account's version.
    package let versao: Int64
    /// `nil` if none of the days was ever touched.
    package let atualizadoEm: Instante?
}

extension SaldoDoPeriodo {
    /// The weeks or months of the period, in order. The first and the last are cut at the period's ends.
    package func agrupado(por agrupamento: AgrupamentoDeDias) -> [SaldoDeIntervalo] {
        var grupos: [SaldoDeIntervalo] = []
        var restantes = self.dias[...]
        while let primeiro = restantes.first {
            let inicio = agrupamento.inicio(do: primeiro.data)
            let grupo = restantes.prefix { agrupamento.inicio(do: $0.data) == inicio }
            restantes = restantes.dropFirst(grupo.count)
            var totais = Totais(saldoInicial: primeiro.saldoInicial)
            for dia in grupo { totais.somar(dia.movimento) }
            guard let ultimo = grupo.last, let periodo = Periodo(de: primeiro.data, ate: ultimo.data) else { break }
            grupos.append(
                SaldoDeIntervalo(
                    conta: self.conta, periodo: periodo, totais: totais, versao: self.versao,
                    atualizadoEm: grupo.compactMap(\.atualizadoEm).max()))
        }
        return grupos
    }
}
