package import FluxoDeCaixa

/// A registered entry as JSON: the members that were sent, with defaults, then those that registering added. Members without a value are left
/// out.
package enum LancamentoJSON {
    /// The only currency.
    package static let moeda = "BRL"

    package static func encode(_ lancamento: Lancamento) -> [UInt8] {
        var writer = JSONWriter()
        self.write(lancamento, to: &writer)
        return writer.bytes
    }

    /// Returns an entry that is not registered: without `id` and `registrado_em`.
    package static func encode(simulated lancamento: Lancamento) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            self.sent(lancamento, &writer)
            self.origin(lancamento, &writer)
        }
        return writer.bytes
    }

    /// Writes the entry as a value inside another document.
    package static func write(_ lancamento: Lancamento, to writer: inout JSONWriter) {
        writer.object { writer in
            self.sent(lancamento, &writer)
            writer.member("id", lancamento.id.description)
            writer.member("registrado_em", lancamento.registradoEm.description)
            self.origin(lancamento, &writer)
        }
    }

    /// Writes the members that a caller may send.
    private static func sent(_ lancamento: Lancamento, _ writer: inout JSONWriter) {
        writer.member("conta", lancamento.conta.nome)
        writer.member("tipo", lancamento.tipo.rawValue)
        writer.member("valor", lancamento.valor.description)
        writer.member("data", lancamento.data.description)
        writer.member("moeda", self.moeda)
        writer.member("natureza", lancamento.natureza.rawValue)
        writer.member("descricao", ifPresent: lancamento.descricao)
        writer.member("categoria", ifPresent: lancamento.categoria)
        writer.member("referencia", ifPresent: lancamento.referencia)
        if !lancamento.metadados.isEmpty {
            writer.name("metadados")
            self.write(lancamento.metadados, to: &writer)
        }
    }

    private static func origin(_ lancamento: Lancamento, _ writer: inout JSONWriter) {
        writer.member("registrado_por", ifPresent: lancamento.registradoPor)
        writer.member("canal", lancamento.canal.rawValue)
        writer.member("chave", ifPresent: lancamento.chave?.texto)
        writer.member("estorno_de", ifPresent: lancamento.estornoDe?.description)
        writer.member("estornado_por", ifPresent: lancamento.estornadoPor?.description)
    }

    /// Returns the object `metadados` as text; nil without items.
    package static func text(of metadados: Metadados) -> String? {
        guard !metadados.isEmpty else { return nil }
        var writer = JSONWriter()
        self.write(metadados, to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func write(_ metadados: Metadados, to writer: inout JSONWriter) {
        writer.object { writer in
            for item in metadados.itens { writer.member(item.nome, item.valor) }
        }
    }
}

/// Registered entries as rows of CSV. The columns are the members of ``LancamentoJSON`` in their order; new ones go to the end.
package enum LancamentoCSV {
    package static let colunas = [
        "conta", "tipo", "valor", "data", "moeda", "natureza", "descricao", "categoria", "referencia", "metadados", "id", "registrado_em",
        "registrado_por", "canal", "chave", "estorno_de", "estornado_por",
    ]

    /// Writes an entry as a row; `metadados` is the JSON object as text.
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
        writer.text(LancamentoJSON.text(of: lancamento.metadados))
        writer.verbatim(lancamento.id.description)
        writer.verbatim(lancamento.registradoEm.description)
        writer.text(lancamento.registradoPor)
        writer.verbatim(lancamento.canal.rawValue)
        writer.text(lancamento.chave?.texto)
        writer.verbatim(lancamento.estornoDe?.description)
        writer.verbatim(lancamento.estornadoPor?.description)
        writer.endRow()
    }
}
