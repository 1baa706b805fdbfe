/// The balance of one day of an account, or of the sum of several.
package struct SaldoDiario: Sendable, Equatable {
    /// The account or pattern of the request.
    package var conta: String
    /// The closing balance of the day before.
    package var saldoInicial: Quantia
    /// The sums of the day's own entries.
    package var movimento: MovimentoDoDia
    /// The account's version; it grows with every change to any of its days.
    package var versao: Int64

    package init(conta: String, saldoInicial: Quantia, movimento: MovimentoDoDia, versao: Int64) {
        self.conta = conta
        self.saldoInicial = saldoInicial
        self.movimento = movimento
        self.versao = versao
    }

    package var data: Dia { self.movimento.data }
    package var totalCreditos: Quantia { self.movimento.totalCreditos }
    package var totalDebitos: Quantia { self.movimento.totalDebitos }
    package var transferenciasEntrada: Quantia { self.movimento.transferenciasEntrada }
    package var transferenciasSaida: Quantia { self.movimento.transferenciasSaida }
    package var quantidadeCreditos: Int64 { self.movimento.quantidadeCreditos }
    package var quantidadeDebitos: Int64 { self.movimento.quantidadeDebitos }
    /// `nil` for a day never touched.
    package var atualizadoEm: Instante? { self.movimento.atualizadoEm }

    package var saldoDoDia: Quantia { self.movimento.saldoDoDia }
    /// The closing balance, which the next day opens with.
    package var saldoFinal: Quantia { self.saldoInicial + self.saldoDoDia }
}

package struct MovimentoDoDia: Sendable, Equatable {
    package var data: Dia
    /// Transfers included.
    package var totalCreditos: Quantia
    /// Transfers included; not negative.
    package var totalDebitos: Quantia
    /// The part of the credits that are transfers.
    package var transferenciasEntrada: Quantia
    /// The part of the debits that are transfers.
    package var transferenciasSaida: Quantia
    package var quantidadeCreditos: Int64
    package var quantidadeDebitos: Int64
    /// `nil` for a day never touched.
    package var atualizadoEm: Instante?

    /// Values that are not given are those of a day without entries.
    package init(
        data: Dia,
        totalCreditos: Quantia = .zero,
        totalDebitos: Quantia = .zero,
        transferenciasEntrada: Quantia = .zero,
        transferenciasSaida: Quantia = .zero,
        quantidadeCreditos: Int64 = 0,
        quantidadeDebitos: Int64 = 0,
        atualizadoEm: Instante? = nil
    ) {
        self.data = data
        self.totalCreditos = totalCreditos
        self.totalDebitos = totalDebitos
        self.transferenciasEntrada = transferenciasEntrada
        self.transferenciasSaida = transferenciasSaida
        self.quantidadeCreditos = quantidadeCreditos
        self.quantidadeDebitos = quantidadeDebitos
        self.atualizadoEm = atualizadoEm
    }

    package var saldoDoDia: Quantia { self.totalCreditos - self.totalDebitos }
}

/// The balances of every day of a period.
package struct SaldoDoPeriodo: Sendable, Equatable {
    package struct Totais: Sendable, Equatable {
        /// The opening balance of the first day.
        package var saldoInicial: Quantia
        package var totalCreditos = Quantia.zero
        package var totalDebitos = Quantia.zero
        package var transferenciasEntrada = Quantia.zero
        package var transferenciasSaida = Quantia.zero
        package var quantidadeCreditos: Int64 = 0
        package var quantidadeDebitos: Int64 = 0

        package var saldoDoPeriodo: Quantia { self.totalCreditos - self.totalDebitos }
        /// The closing balance of the last day.
        package var saldoFinal: Quantia { self.saldoInicial + self.saldoDoPeriodo }
    }

    /// The account or pattern of the request.
    package let conta: String
    /// The days, both ends included.
    package let periodo: Periodo
    /// The account's version, or the sum over the pattern's accounts.
    package let versao: Int64
    /// One for each day of the period, in order.
    package let dias: [SaldoDiario]
    package let totais: Totais

    /// Builds every day from the opening balance of the first and the days that have entries. A day without entries carries the balance
    /// forward.
    ///
    /// The days may be in any order. Days outside the period are ignored, and two values for one day are added.
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
        self.totalCreditos += outro.totalCreditos
        self.totalDebitos += outro.totalDebitos
        self.transferenciasEntrada += outro.transferenciasEntrada
        self.transferenciasSaida += outro.transferenciasSaida
        self.quantidadeCreditos += outro.quantidadeCreditos
        self.quantidadeDebitos += outro.quantidadeDebitos
        self.atualizadoEm = [self.atualizadoEm, outro.atualizadoEm].compactMap(\.self).max()
    }
}

extension SaldoDoPeriodo.Totais {
    mutating func somar(_ movimento: MovimentoDoDia) {
        self.totalCreditos += movimento.totalCreditos
        self.totalDebitos += movimento.totalDebitos
        self.transferenciasEntrada += movimento.transferenciasEntrada
        self.transferenciasSaida += movimento.transferenciasSaida
        self.quantidadeCreditos += movimento.quantidadeCreditos
        self.quantidadeDebitos += movimento.quantidadeDebitos
    }
}

package struct ResumoDeConta: Sendable, Equatable {
    package let conta: Conta
    /// The closing balance of its last day: the sum of all entries.
    package let saldo: Quantia
    package let primeiraData: Dia
    package let ultimaData: Dia
    package let quantidade: Int64
    /// Grows with every change to any day of the account.
    package let versao: Int64

    package init(conta: Conta, saldo: Quantia, primeiraData: Dia, ultimaData: Dia, quantidade: Int64, versao: Int64) {
        self.conta = conta
        self.saldo = saldo
        self.primeiraData = primeiraData
        self.ultimaData = ultimaData
        self.quantidade = quantidade
        self.versao = versao
    }
}
