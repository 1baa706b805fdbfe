/// The balances of every day of a period.
package struct SaldoDoPeriodo: Sendable, Equatable {
    /// Sums over the whole period.
    package struct Totais: Sendable, Equatable {
        /// The opening balance of the first day.
        package var saldoInicial: Quantia
        package var totalCreditos = Quantia.zero
        package var totalDebitos = Quantia.zero
        package var transferenciasEntrada = Quantia.zero
        package var transferenciasSaida = Quantia.zero
        package var quantidadeCreditos: Int64 = 0
        package var quantidadeDebitos: Int64 = 0

        /// Credits less debits.
        package var saldoDoPeriodo: Quantia { totalCreditos - totalDebitos }
        /// The closing balance of the last day.
        package var saldoFinal: Quantia { saldoInicial + saldoDoPeriodo }
    }

    /// An account or a pattern, as it was asked for.
    package let conta: String
    /// The days, both ends included.
    package let periodo: Periodo
    /// The account's, or the sum over the pattern's.
    package let versao: Int64
    /// One for each day of the period, in order.
    package let dias: [SaldoDiario]
    /// Sums over the days.
    package let totais: Totais

    /// Builds every day from the opening balance of the first and the days that have entries: a day without carries the balance forward.
    ///
    /// The days may come in any order; those outside the period do not belong to it, and of two for one day both count.
    package init(conta: String, periodo: Periodo, versao: Int64, saldoInicial: Quantia, movimentos: [MovimentoDoDia]) {
        let ordenados = movimentos.filter { $0.data >= periodo.de && $0.data <= periodo.ate }.sorted { $0.data < $1.data }
        var restantes = ordenados[...]
        var dias: [SaldoDiario] = []
        dias.reserveCapacity(periodo.quantidadeDeDias)
        var totais = Totais(saldoInicial: saldoInicial)
        for dia in periodo.dias {
            var movimento = MovimentoDoDia(data: dia)
            while restantes.first?.data == dia {
                movimento.somar(restantes.removeFirst())
            }
            let saldo = SaldoDiario(conta: conta, saldoInicial: totais.saldoFinal, movimento: movimento, versao: versao)
            dias.append(saldo)
            totais.somar(movimento)
        }
        self.conta = conta
        self.periodo = periodo
        self.versao = versao
        self.dias = dias
        self.totais = totais
    }
}

extension MovimentoDoDia {
    fileprivate mutating func somar(_ outro: MovimentoDoDia) {
        totalCreditos += outro.totalCreditos
        totalDebitos += outro.totalDebitos
        transferenciasEntrada += outro.transferenciasEntrada
        transferenciasSaida += outro.transferenciasSaida
        quantidadeCreditos += outro.quantidadeCreditos
        quantidadeDebitos += outro.quantidadeDebitos
        atualizadoEm = [atualizadoEm, outro.atualizadoEm].compactMap(\.self).max()
    }
}

extension SaldoDoPeriodo.Totais {
    fileprivate mutating func somar(_ movimento: MovimentoDoDia) {
        totalCreditos += movimento.totalCreditos
        totalDebitos += movimento.totalDebitos
        transferenciasEntrada += movimento.transferenciasEntrada
        transferenciasSaida += movimento.transferenciasSaida
        quantidadeCreditos += movimento.quantidadeCreditos
        quantidadeDebitos += movimento.quantidadeDebitos
    }
}
