package import FluxoDeCaixa

/// The list of accounts as JSON.
package enum ResumoDeContaJSON {
    /// One page: its accounts, and the cursor of the next one, null on the last.
    package static func encode(_ contas: [ResumoDeConta], proximo: String?) -> [UInt8] {
        var writer = JSONWriter(capacidadeEmBytes: 192 * (contas.count + 1))
        writer.object { writer in
            writer.name("itens")
            writer.array { writer in
                for conta in contas { write(conta, to: &writer) }
            }
            writer.name("proximo")
            if let proximo {
                writer.string(proximo)
            } else {
                writer.null()
            }
        }
        return writer.bytes
    }

    private static func write(_ conta: ResumoDeConta, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("conta", conta.conta.nome)
            writer.member("moeda", LancamentoJSON.moeda)
            writer.member("saldo", conta.saldo.description)
            writer.member("primeira_data", conta.primeiraData.description)
            writer.member("ultima_data", conta.ultimaData.description)
            writer.member("quantidade", conta.quantidade)
            writer.member("versao", conta.versao)
        }
    }
}
