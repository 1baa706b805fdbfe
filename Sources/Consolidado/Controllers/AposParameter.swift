import Contrato
import Edge
import FluxoDeCaixa
import HTTPTypes

/// The parameter `apos`: entries that a balance must contain, and how long the caller waits for them (`Prefer: wait=N`).
struct AposParameter: Sendable {
    /// The most ids in one request.
    static let idsMax = 64
    /// The longest wait in seconds. A longer one counts as this.
    static let waitMaxS = 30

    /// The distinct ids. Empty if the request does not wait.
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

    /// The wait, and the whole seconds of it for `Preference-Applied`; nil if the caller did not ask for a wait.
    /// - Parameter longest: what the operator allows.
    func wait(_ fields: HTTPFields, longest: Duration) -> (wait: Duration, appliedS: Int?) {
        guard !self.ids.isEmpty, let seconds = Prefer.waitS(fields, maxS: Self.waitMaxS) else { return (.zero, nil) }
        return (min(.seconds(seconds), longest), min(seconds, Int(longest / .seconds(1))))
    }
}
