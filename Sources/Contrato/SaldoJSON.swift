package import FluxoDeCaixa

/// Balances as JSON: money as decimal text, `atualizado_em` null for a day never touched.
package enum SaldoJSON {
    /// One day as a whole document.
    package static func encode(_ saldo: SaldoDiario) -> [UInt8] {
        var writer = JSONWriter()
        write(saldo, to: &writer)
        return writer.bytes
    }

    /// A period as a whole document: its days, then its totals.
    package static func encode(_ saldo: SaldoDoPeriodo) -> [UInt8] {
        var writer = JSONWriter(capacidadeEmBytes: 512 * (saldo.dias.count + 1))
        write(saldo, to: &writer)
        return writer.bytes
    }

    /// One day as a value inside another document.
    package static func write(_ saldo: SaldoDiario, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("conta", saldo.conta)
            writer.member("data", saldo.data.description)
            writer.member("moeda", LancamentoJSON.moeda)
            writer.member("saldo_inicial", saldo.saldoInicial.description)
            writer.member("total_creditos", saldo.totalCreditos.description)
            writer.member("total_debitos", saldo.totalDebitos.description)
            writer.member("transferencias_entrada", saldo.transferenciasEntrada.description)
            writer.member("transferencias_saida", saldo.transferenciasSaida.description)
            writer.member("saldo_do_dia", saldo.saldoDoDia.description)
            writer.member("saldo_final", saldo.saldoFinal.description)
            writer.member("quantidade_creditos", saldo.quantidadeCreditos)
            writer.member("quantidade_debitos", saldo.quantidadeDebitos)
            writer.member("versao", saldo.versao)
            writer.name("atualizado_em")
            if let atualizadoEm = saldo.atualizadoEm {
                writer.string(atualizadoEm.description)
            } else {
                writer.null()
            }
        }
    }

    private static func write(_ saldo: SaldoDoPeriodo, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("conta", saldo.conta)
            writer.member("de", saldo.periodo.de.description)
            writer.member("ate", saldo.periodo.ate.description)
            writer.member("moeda", LancamentoJSON.moeda)
            writer.member("versao", saldo.versao)
            writer.name("dias")
            writer.array { writer in
                for dia in saldo.dias { write(dia, to: &writer) }
            }
            writer.name("totais")
            write(saldo.totais, to: &writer)
        }
    }

    private static func write(_ totais: SaldoDoPeriodo.Totais, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("saldo_inicial", totais.saldoInicial.description)
            writer.member("total_creditos", totais.totalCreditos.description)
            writer.member("total_debitos", totais.totalDebitos.description)
            writer.member("transferencias_entrada", totais.transferenciasEntrada.description)
            writer.member("transferencias_saida", totais.transferenciasSaida.description)
            writer.member("saldo_do_periodo", totais.saldoDoPeriodo.description)
            writer.member("saldo_final", totais.saldoFinal.description)
            writer.member("quantidade_creditos", totais.quantidadeCreditos)
            writer.member("quantidade_debitos", totais.quantidadeDebitos)
        }
    }
}
