import Contrato

/// A JWT in compact form (RFC 7515 §7.1), parsed and not yet verified.
///
/// Only `alg`, `kid` and `crit` of the header are read. `jku`, `x5u`, `jwk` and `x5c` would let a token supply its own key: they are ignored,
/// never fetched and never used.
struct SignedToken {
    let algorithm: String
    /// The header's `kid`, compared only with those of configured keys.
    let kid: String?
    private let payload: [UInt8]
    private let signature: [UInt8]
    /// The signed bytes: header and payload as received, with the dot between them.
    private let signed: [UInt8]

    init(_ token: String) throws(TokenClaims.Refusal) {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2])
        else { throw TokenClaims.Refusal(reason: "não tem a forma de um JWT") }
        let members = try Self.json(header)
        guard case .string(let algorithm)? = members["alg"] else { throw TokenClaims.Refusal(reason: "falta o algoritmo (alg)") }
        // RFC 7515 §4.1.11: extensions that must be understood; none is.
        guard members["crit"] == nil else { throw TokenClaims.Refusal(reason: "crit não é aceito") }
        switch members["kid"] {
        case nil: self.kid = nil
        case .string(let kid): self.kid = kid
        default: throw TokenClaims.Refusal(reason: "kid tem de ser um texto")
        }
        self.algorithm = algorithm
        self.payload = payload
        self.signature = signature
        self.signed = Array(token.utf8[parts[0].startIndex..<parts[1].endIndex])
    }

    /// The payload, if one of the keys verifies the signature. All keys must be of the token's algorithm.
    func payload(verifiedBy keys: [SigningKey]) throws(TokenClaims.Refusal) -> JSONValue {
        guard keys.contains(where: { $0.verifies(self.signature, of: self.signed) }) else {
            throw TokenClaims.Refusal(reason: "a assinatura não confere")
        }
        return try Self.json(self.payload)
    }

    private static func json(_ bytes: [UInt8]) throws(TokenClaims.Refusal) -> JSONValue {
        do {
            return try JSONReader.read(bytes)
        } catch {
            throw TokenClaims.Refusal(reason: "uma das partes não é JSON")
        }
    }
}
