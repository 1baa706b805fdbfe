import Consolidado
import Contrato
import FluxoDeCaixa

/// The entries that the parts are measured with: 1,000 accounts, 7 days, half of them with a key, as a merchant's system sends them.
struct Entries: Sendable {
    private var ids = IDGenerator()
    private var random = SystemRandomNumberGenerator()
    private var number = 0
    private let prefix: String
    private let days: [Dia]
    private let hoje: Dia

    /// - Parameter prefix: keeps the accounts of one measurement apart from those of others.
    init(prefix: String, hoje: Dia) {
        self.prefix = prefix
        self.hoje = hoje
        self.days = (0..<Workload.days).compactMap { hoje.somando(dias: -$0) }
    }

    /// Consecutive numbers, so that accounts and days are spread evenly.
    mutating func next(agora: Instante) -> Lancamento {
        self.number += 1
        let novo = NovoLancamento(
            conta: Conta("\(self.prefix).\(self.number % Workload.accounts)")!,
            tipo: self.number.isMultiple(of: 3) ? .debito : .credito,
            valor: Valor(centavos: Int64(100 + self.number % 100_000))!,
            data: self.days[self.number / Workload.accounts % Workload.days],
            descricao: "venda no caixa",
            categoria: "vendas",
            referencia: "NF \(self.number)",
            chave: self.number.isMultiple(of: 2) ? Chave(literal: "\(self.prefix)-\(self.number)") : nil
        )
        return Lancamento(
            novo, id: self.ids.next(now: agora, using: &self.random), hoje: self.hoje, registradoPor: "limites", canal: .rest)
    }

    /// An account and a day that such entries fall on.
    mutating func nextRead() -> PedidoDeSaldo {
        let dia = self.days[Int.random(in: self.days.indices, using: &self.random)]
        return PedidoDeSaldo(
            conta: Conta("\(self.prefix).\(Int.random(in: 0..<Workload.accounts, using: &self.random))")!,
            periodo: Periodo(de: dia, ate: dia)!)
    }
}
