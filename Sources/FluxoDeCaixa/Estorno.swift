/// The members of an estorno that a caller may choose; all others are the original's.
package struct PedidoDeEstorno: Sendable {
    /// Without one, the later of today and the original's day.
    package var data: Dia?
    /// Without one, `Estorno de <id>`.
    package var descricao: String?

    /// With neither, both defaults apply.
    package init(data: Dia? = nil, descricao: String? = nil) {
        self.data = data
        self.descricao = descricao
    }
}

/// Why an entry cannot be reversed as asked.
package enum EstornoRecusado: Error, Hashable, Sendable {
    /// The entry is itself an estorno.
    case estornoDeEstorno
    /// The day asked for is before the original's.
    case dataAntesDoOriginal
    /// The day asked for is after tomorrow.
    case dataDepoisDeAmanha
}

extension Lancamento {
    /// Returns the entry that reverses this one: the same account, amount, `natureza` and texts, the opposite `tipo`, and no key.
    ///
    /// The caller looks for an existing estorno first: that one is the answer, and these rules do not apply to it.
    package func estorno(
        _ pedido: PedidoDeEstorno,
        id novo: LancamentoID,
        hoje: Dia,
        registradoPor: String?,
        canal: Canal
    ) throws(EstornoRecusado) -> Lancamento {
        guard self.estornoDe == nil else { throw .estornoDeEstorno }
        if let pedida = pedido.data {
            guard pedida >= self.data else { throw .dataAntesDoOriginal }
            guard pedida <= JanelaDeDatas(hoje: hoje).ultima else { throw .dataDepoisDeAmanha }
        }
        var estorno = self
        estorno.id = novo
        estorno.tipo = self.tipo.oposto
        estorno.data = pedido.data ?? max(hoje, self.data)
        estorno.descricao = pedido.descricao ?? "Estorno de \(self.id)"
        estorno.registradoPor = registradoPor
        estorno.canal = canal
        estorno.chave = nil
        estorno.estornoDe = self.id
        estorno.estornadoPor = nil
        return estorno
    }
}
