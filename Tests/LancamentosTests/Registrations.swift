import Fixtures
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
        let lancamento = TestEntry.make(number, conta: conta, centavos: centavos, chave: chave, estornoDe: estornoDe)
        return Registration(lancamento: lancamento, conteudo: chave == nil ? nil : conteudo ?? [1], traceparent: nil)
    }

    /// An outbox row with its entry.
    static func event(_ seq: Int64) -> Registration {
        Registration(lancamento: make(UInt64(seq)).lancamento, traceparent: nil, seq: seq)
    }
}
