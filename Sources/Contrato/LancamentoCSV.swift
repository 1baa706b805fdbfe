package import FluxoDeCaixa

/// Registered entries as rows of CSV: the columns are the members of ``LancamentoJSON``, in their order. New ones go to the end.
package enum LancamentoCSV {
    /// The first row.
    package static let colunas = [
        "conta", "tipo", "valor", "data", "moeda", "natureza", "descricao", "categoria", "referencia", "metadados", "id", "registrado_em",
        "registrado_por", "canal", "chave", "estorno_de", "estornado_por",
    ]

    /// One entry, one row; `metadados` is the JSON object as text.
    package static func write(_ lancamento: Lancamento, to writer: inout CSVWriter) {
        writer.verbatim(lancamento.conta.nome)
        writer.verbatim(lancamento.tipo.rawValue)
        writer.amount(lancamento.valor.description)
        writer.verbatim(lancamento.data.description)
        writer.verbatim(LancamentoJSON.moeda)
        writer.verbatim(lancamento.natureza.rawValue)
        writer.text(lancamento.descricao)
        writer.text(lancamento.categoria)
        writer.text(lancamento.referencia)
        writer.text(metadados(lancamento.metadados))
        writer.verbatim(lancamento.id.description)
        writer.verbatim(lancamento.registradoEm.description)
        writer.text(lancamento.registradoPor)
        writer.verbatim(lancamento.canal.rawValue)
        writer.text(lancamento.chave?.texto)
        writer.verbatim(lancamento.estornoDe?.description)
        writer.verbatim(lancamento.estornadoPor?.description)
        writer.endRow()
    }

    private static func metadados(_ metadados: Metadados) -> String? {
        guard !metadados.isEmpty else { return nil }
        var writer = JSONWriter()
        writer.object { writer in
            for item in metadados.itens { writer.member(item.nome, item.valor) }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
