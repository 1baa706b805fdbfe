package import FluxoDeCaixa

/// The parameter `por` of totals.
package enum PorParameter {
    /// Reads one or two different words, separated by a comma.
    /// - Throws: a fault of `por`.
    package static func read(_ valor: String?) throws(ErrosDeCampo) -> [TotaisDeLancamentos.Agrupamento] {
        let aceitos = TotaisDeLancamentos.Agrupamento.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        let mensagem = "Aceitam-se um ou dois destes, diferentes, separados por vírgula: \(aceitos)."
        guard let valor else { throw ErrosDeCampo(campo: "por", codigo: .obrigatorio, mensagem: mensagem) }
        var por: [TotaisDeLancamentos.Agrupamento] = []
        for palavra in valor.split(separator: ",", omittingEmptySubsequences: false) {
            guard let lido: TotaisDeLancamentos.Agrupamento = KnownWord.read(String(palavra)) else {
                throw ErrosDeCampo(campo: "por", codigo: .valorNaoAceito, mensagem: mensagem)
            }
            guard !por.contains(lido) else { throw ErrosDeCampo(campo: "por", codigo: .repetido, mensagem: mensagem) }
            por.append(lido)
        }
        guard por.count <= TotaisDeLancamentos.Agrupamento.quantidadeMaxima else {
            throw ErrosDeCampo(campo: "por", codigo: .tamanho, mensagem: mensagem)
        }
        return por
    }
}

/// Totals as a JSON document.
package enum TotaisJSON {
    package static func encode(_ totais: TotaisDeLancamentos, conta: FiltroDeConta, periodo: Periodo) -> [UInt8] {
        var writer = JSONWriter(reservedBytes: 256 * (totais.grupos.count + 2))
        writer.object { writer in
            writer.member("conta", conta.description)
            writer.member("de", periodo.de.description)
            writer.member("ate", periodo.ate.description)
            writer.member("moeda", LancamentoJSON.moeda)
            writer.array("por") { writer in
                for agrupamento in totais.por { writer.string(agrupamento.rawValue) }
            }
            writer.array("itens") { writer in
                for grupo in totais.grupos {
                    writer.object { writer in
                        for (agrupamento, valor) in zip(totais.por, grupo.valores) { writer.member(agrupamento.rawValue, orNull: valor) }
                        self.members(grupo.soma, &writer)
                    }
                }
            }
            writer.object("totais") { self.members(totais.soma, &$0) }
        }
        return writer.bytes
    }

    private static func members(_ soma: TotaisDeLancamentos.Soma, _ writer: inout JSONWriter) {
        writer.member("total_creditos", soma.totalCreditos.description)
        writer.member("total_debitos", soma.totalDebitos.description)
        writer.member("saldo", soma.saldo.description)
        writer.member("quantidade_creditos", soma.quantidadeCreditos)
        writer.member("quantidade_debitos", soma.quantidadeDebitos)
    }
}

/// Totals as CSV: one row per group, without a row for all.
package enum TotaisCSV {
    package static func encode(_ totais: TotaisDeLancamentos, separador: CSVWriter.Separador) -> [UInt8] {
        var writer = CSVWriter(separador: separador, reservedBytes: 128 * (totais.grupos.count + 2))
        writer.header(
            totais.por.map(\.rawValue) + ["total_creditos", "total_debitos", "saldo", "quantidade_creditos", "quantidade_debitos"])
        for grupo in totais.grupos {
            for valor in grupo.valores { writer.text(valor) }
            for quantia in [grupo.soma.totalCreditos, grupo.soma.totalDebitos, grupo.soma.saldo] { writer.amount(quantia.description) }
            for numero in [grupo.soma.quantidadeCreditos, grupo.soma.quantidadeDebitos] { writer.verbatim(String(numero)) }
            writer.endRow()
        }
        return writer.bytes
    }
}
