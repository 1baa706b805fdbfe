package import Contrato
package import FluxoDeCaixa

/// Entries for tests, distinguished by their numbers.
package enum TestEntry {
    /// An id of version 7. Ids are ordered as their numbers.
    package static func id(_ number: UInt64) -> LancamentoID {
        LancamentoID(bits: 0x0190_0000_0000_7000_8000_0000_0000_0000 | UInt128(number))
    }

    /// A registered entry.
    package static func make(
        _ number: UInt64, conta: String = "loja", tipo: Tipo = .credito, centavos: Int64 = 100, data: String = "2026-11-24",
        chave: String? = nil, estornoDe: LancamentoID? = nil
    ) -> Lancamento {
        Lancamento(
            id: self.id(number), conta: Conta(conta)!, tipo: tipo, valor: Valor(centavos: centavos)!, data: Dia(parsing: data)!,
            canal: .rest, chave: chave.map { Chave(literal: $0)! }, estornoDe: estornoDe)
    }

    /// An entry as the consolidation receives it.
    package static func aplicavel(
        _ number: UInt64, conta: String = "loja", data: String = "2026-11-24", tipo: Tipo = .credito, centavos: Int64 = 100,
        natureza: String = "operacional"
    ) -> LancamentoAplicavel {
        LancamentoAplicavel(
            id: self.id(number), conta: Conta(conta)!, data: Dia(parsing: data)!, tipo: tipo, natureza: natureza,
            valor: Valor(centavos: centavos)!)
    }
}
