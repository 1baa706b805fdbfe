import FluxoDeCaixa

@testable import Lancamentos

/// Entries for tests.
enum Registrations {
    static func make(
        _ number: UInt64,
        conta: String = "loja",
        chave: String? = nil,
        conteudo: [UInt8]? = nil,
        centavos: Int64 = 100,
        estornoDe: LancamentoID? = nil
    ) -> Registration {
        let lancamento = Lancamento(
            id: id(number),
            conta: Conta(conta)!,
            tipo: .credito,
            valor: Valor(centavos: centavos)!,
            data: Dia(parsing: "2026-11-24")!,
            canal: .rest,
            chave: chave.map { Chave(literal: $0)! },
            estornoDe: estornoDe
        )
        return Registration(lancamento: lancamento, conteudo: chave == nil ? nil : conteudo ?? [1], traceparent: nil)
    }

    /// An outbox row with its entry.
    static func event(_ seq: Int64) -> Registration {
        Registration(lancamento: make(UInt64(seq)).lancamento, traceparent: nil, seq: seq)
    }

    static func id(_ number: UInt64) -> LancamentoID {
        LancamentoID(bits: 0x0190_0000_0000_7000_8000_0000_0000_0000 | UInt128(number))
    }
}
