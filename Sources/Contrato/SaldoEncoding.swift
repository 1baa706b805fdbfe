package import FluxoDeCaixa

/// Balances as JSON: money as decimal text, `atualizado_em` null for a day without changes.
package enum SaldoJSON {
    /// Returns one day as a whole document.
    package static func encode(_ saldo: SaldoDiario) -> [UInt8] {
        var writer = JSONWriter()
        self.write(saldo, to: &writer)
        return writer.bytes
    }

    /// Returns a period as a whole document: its days, then its totals.
    package static func encode(_ saldo: SaldoDoPeriodo) -> [UInt8] {
        var writer = JSONWriter(reservedBytes: 512 * (saldo.dias.count + 1))
        self.write(saldo, to: &writer) { writer in
            writer.array("dias") { writer in
                for dia in saldo.dias { self.write(dia, to: &writer) }
            }
        }
        return writer.bytes
    }

    /// Returns a period as a whole document: its weeks or months, then its totals.
    package static func encode(_ saldo: SaldoDoPeriodo, agrupadoPor agrupamento: AgrupamentoDeDias) -> [UInt8] {
        var writer = JSONWriter(reservedBytes: 4096)
        self.write(saldo, to: &writer) { writer in
            writer.array("periodos") { writer in
                for intervalo in saldo.agrupado(por: agrupamento) { self.write(intervalo, to: &writer) }
            }
        }
        return writer.bytes
    }

    /// Writes one day as a value inside another document.
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
            writer.member("atualizado_em", orNull: saldo.atualizadoEm?.description)
        }
    }

    private static func write(_ saldo: SaldoDoPeriodo, to writer: inout JSONWriter, rows: (inout JSONWriter) -> Void) {
        writer.object { writer in
            writer.member("conta", saldo.conta)
            writer.member("de", saldo.periodo.de.description)
            writer.member("ate", saldo.periodo.ate.description)
            writer.member("moeda", LancamentoJSON.moeda)
            writer.member("versao", saldo.versao)
            rows(&writer)
            writer.name("totais")
            self.write(saldo.totais, to: &writer)
        }
    }

    private static func write(_ totais: SaldoDoPeriodo.Totais, to writer: inout JSONWriter) {
        writer.object { self.members(totais, &$0) }
    }

    private static func write(_ intervalo: SaldoDeIntervalo, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("conta", intervalo.conta)
            writer.member("de", intervalo.periodo.de.description)
            writer.member("ate", intervalo.periodo.ate.description)
            writer.member("moeda", LancamentoJSON.moeda)
            self.members(intervalo.totais, &writer)
            writer.member("versao", intervalo.versao)
            writer.member("atualizado_em", orNull: intervalo.atualizadoEm?.description)
        }
    }

    private static func members(_ totais: SaldoDoPeriodo.Totais, _ writer: inout JSONWriter) {
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

/// Balances as CSV: one row per day, without totals.
package enum SaldoCSV {
    /// The header row: the JSON names in their order.
    package static let colunas = [
        "conta", "data", "moeda", "saldo_inicial", "total_creditos", "total_debitos", "transferencias_entrada", "transferencias_saida",
        "saldo_do_dia", "saldo_final", "quantidade_creditos", "quantidade_debitos", "versao", "atualizado_em",
    ]

    /// Returns a whole file.
    package static func encode(_ dias: [SaldoDiario], separador: CSVWriter.Separador) -> [UInt8] {
        var writer = CSVWriter(separador: separador, reservedBytes: 192 * (dias.count + 2))
        writer.header(self.colunas)
        for dia in dias {
            writer.text(dia.conta)
            writer.verbatim(dia.data.description)
            writer.verbatim(LancamentoJSON.moeda)
            for quantia in [
                dia.saldoInicial, dia.totalCreditos, dia.totalDebitos, dia.transferenciasEntrada, dia.transferenciasSaida, dia.saldoDoDia,
                dia.saldoFinal,
            ] {
                writer.amount(quantia.description)
            }
            for numero in [dia.quantidadeCreditos, dia.quantidadeDebitos, dia.versao] { writer.verbatim(String(numero)) }
            writer.verbatim(dia.atualizadoEm?.description)
            writer.endRow()
        }
        return writer.bytes
    }

    /// The header row of weeks or months.
    package static let colunasDeIntervalos = [
        "conta", "de", "ate", "moeda", "saldo_inicial", "total_creditos", "total_debitos", "transferencias_entrada", "transferencias_saida",
        "saldo_do_periodo", "saldo_final", "quantidade_creditos", "quantidade_debitos", "versao", "atualizado_em",
    ]

    /// Returns a whole file with a row for each week or month.
    package static func encode(_ intervalos: [SaldoDeIntervalo], separador: CSVWriter.Separador) -> [UInt8] {
        var writer = CSVWriter(separador: separador, reservedBytes: 192 * (intervalos.count + 2))
        writer.header(self.colunasDeIntervalos)
        for intervalo in intervalos {
            let totais = intervalo.totais
            writer.text(intervalo.conta)
            writer.verbatim(intervalo.periodo.de.description)
            writer.verbatim(intervalo.periodo.ate.description)
            writer.verbatim(LancamentoJSON.moeda)
            for quantia in [
                totais.saldoInicial, totais.totalCreditos, totais.totalDebitos, totais.transferenciasEntrada, totais.transferenciasSaida,
                totais.saldoDoPeriodo, totais.saldoFinal,
            ] {
                writer.amount(quantia.description)
            }
            for numero in [totais.quantidadeCreditos, totais.quantidadeDebitos, intervalo.versao] { writer.verbatim(String(numero)) }
            writer.verbatim(intervalo.atualizadoEm?.description)
            writer.endRow()
        }
        return writer.bytes
    }

    /// Returns a file name of letters, digits, `.`, `_` and `-`.
    /// - Parameter conta: the account or pattern of the request.
    package static func nomeDoArquivo(conta: String, de: Dia, ate: Dia) -> String {
        let dias = de == ate ? de.description : "\(de)-a-\(ate)"
        return "consolidado-\(conta.replacing("*", with: "todas"))-\(dias).csv"
    }
}

package enum ResumoDeContaJSON {
    /// Returns a page: its accounts and the cursor of the next page, null on the last.
    package static func encode(_ contas: [ResumoDeConta], proximo: String?) -> [UInt8] {
        var writer = JSONWriter(reservedBytes: 192 * (contas.count + 1))
        writer.object { writer in
            writer.array("itens") { writer in
                for conta in contas { self.write(conta, to: &writer) }
            }
            writer.member("proximo", orNull: proximo)
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
