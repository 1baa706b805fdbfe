package import FluxoDeCaixa

/// A registered entry as JSON: the members that were sent, with defaults filled in, then those that registering added. What has no value is
/// left out.
package enum LancamentoJSON {
    /// The only currency.
    package static let moeda = "BRL"

    /// The whole document.
    package static func encode(_ lancamento: Lancamento) -> [UInt8] {
        var writer = JSONWriter()
        write(lancamento, to: &writer)
        return writer.bytes
    }

    /// The same as a value inside another document.
    package static func write(_ lancamento: Lancamento, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("conta", lancamento.conta.nome)
            writer.member("tipo", lancamento.tipo.rawValue)
            writer.member("valor", lancamento.valor.description)
            writer.member("data", lancamento.data.description)
            writer.member("moeda", moeda)
            writer.member("natureza", lancamento.natureza.rawValue)
            writer.member("descricao", ifPresent: lancamento.descricao)
            writer.member("categoria", ifPresent: lancamento.categoria)
            writer.member("referencia", ifPresent: lancamento.referencia)
            if !lancamento.metadados.isEmpty {
                writer.name("metadados")
                writer.object { writer in
                    for item in lancamento.metadados.itens { writer.member(item.nome, item.valor) }
                }
            }
            writer.member("id", lancamento.id.description)
            writer.member("registrado_em", lancamento.registradoEm.description)
            writer.member("registrado_por", ifPresent: lancamento.registradoPor)
            writer.member("canal", lancamento.canal.rawValue)
            writer.member("chave", ifPresent: lancamento.chave?.texto)
            writer.member("estorno_de", ifPresent: lancamento.estornoDe?.description)
            writer.member("estornado_por", ifPresent: lancamento.estornadoPor?.description)
        }
    }
}
