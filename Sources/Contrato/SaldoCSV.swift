package import FluxoDeCaixa

/// Balances as CSV: a row a day, no row of totals.
package enum SaldoCSV {
    /// The JSON names, in their order.
    package static let colunas = [
        "conta", "data", "moeda", "saldo_inicial", "total_creditos", "total_debitos", "transferencias_entrada", "transferencias_saida",
        "saldo_do_dia", "saldo_final", "quantidade_creditos", "quantidade_debitos", "versao", "atualizado_em",
    ]

    /// A whole file.
    package static func encode(_ dias: [SaldoDiario], separador: CSVWriter.Separador) -> [UInt8] {
        var writer = CSVWriter(separador: separador, capacidadeEmBytes: 192 * (dias.count + 2))
        writer.header(colunas)
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

    /// A name for the file: letters, digits, `.`, `_` and `-` only. `conta` is an account or a pattern, as it was asked for.
    package static func nomeDoArquivo(conta: String, de: Dia, ate: Dia) -> String {
        let dias = de == ate ? de.description : "\(de)-a-\(ate)"
        return "consolidado-\(conta.replacing("*", with: "todas"))-\(dias).csv"
    }
}
