import Contrato
import FluxoDeCaixa
import HTTPTypes

/// The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).
enum IdempotencyKeyHeader {
    /// - Throws: `chave-invalida` if it is sent twice, malformed, too long, or missing where it is required.
    static func read(_ headers: HTTPFields, required: Bool) throws(Problema) -> Chave? {
        let values = headers[values: .idempotencyKey]
        guard let value = values.first else {
            guard !required else { throw Problema(.chaveInvalida, detail: "Falta o cabeçalho Idempotency-Key.") }
            return nil
        }
        guard values.count == 1 else { throw Problema(.chaveInvalida, detail: "O cabeçalho Idempotency-Key veio mais de uma vez.") }
        guard let chave = Chave(cabecalho: value) else {
            throw Problema(
                .chaveInvalida,
                detail: "Idempotency-Key tem de 1 a \(Chave.comprimentoMaximoEmCaracteres) caracteres visíveis de ASCII (0x21 a 0x7E)."
            )
        }
        return chave
    }
}

extension HTTPField.Name {
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    static let idempotentReplayed = HTTPField.Name("Idempotent-Replayed")!
}
