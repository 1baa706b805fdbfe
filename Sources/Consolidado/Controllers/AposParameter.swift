import Contrato
import FluxoDeCaixa
import HTTPTypes
import Hummingbird
import ServiceKit

/// The parameter `apos`: entries that a balance must contain, and how long the caller waits for them (`Prefer: wait=N`).
struct AposParameter: Sendable {
    /// Ids in one request.
    static let idsMax = 64
    /// What a longer wait counts as, in seconds.
    static let waitMaxS = 30

    /// Each once; empty: nothing is waited for.
    let ids: [LancamentoID]

    /// - Throws: a fault of `apos`.
    init(_ value: String?) throws(ErrosDeCampo) {
        var ids: [LancamentoID] = []
        if let value {
            let parts = value.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            guard parts.count <= Self.idsMax else {
                throw ErrosDeCampo(campo: "apos", codigo: .tamanho, mensagem: "No máximo \(Self.idsMax) ids, separados por vírgulas.")
            }
            for part in parts {
                guard let id = LancamentoID(parsing: part) else {
                    throw ErrosDeCampo(
                        campo: "apos", codigo: .formato, mensagem: "Devem ser ids de lançamentos (UUID), separados por vírgulas.")
                }
                if !ids.contains(id) { ids.append(id) }
            }
        }
        self.ids = ids
    }

    /// What `Prefer` asks for, in whole seconds, at most ``waitMaxS``; nil if nothing is waited for or the caller does not say.
    func waitS(_ request: Request) -> Int? {
        self.ids.isEmpty ? nil : Prefer.waitS(request.headers, maxS: Self.waitMaxS)
    }
}
