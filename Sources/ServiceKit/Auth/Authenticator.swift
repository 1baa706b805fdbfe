package import Contrato
package import FluxoDeCaixa
import JWTKit

/// Finds out who calls from the `Authorization` header.
///
/// The algorithm is the configured one and nothing else: a token that names another, `none` included, is refused before its signature is
/// looked at. Header and payload are read by our own strict JSON reader, so that no repeated member can mean two things.
package final class Authenticator: Sendable {
    private enum Verifier {
        case none
        case signature(any JWTAlgorithm)
    }

    private let configuration: AuthConfiguration
    private let verifier: Verifier
    private let cache: TokenCache
    private let agora: @Sendable () -> Instante

    /// - Throws: what the JWT library says if the key cannot be used; a configured secret always can.
    package convenience init(
        _ configuration: AuthConfiguration, agora: @escaping @Sendable () -> Instante = SystemClock.agora
    ) async throws {
        try await self.init(configuration, agora: agora, cache: TokenCache())
    }

    init(_ configuration: AuthConfiguration, agora: @escaping @Sendable () -> Instante, cache: TokenCache) async throws {
        self.configuration = configuration
        self.agora = agora
        self.cache = cache
        switch configuration.modo {
        case .nenhum:
            self.verifier = .none
        case .hs256(let secret):
            let keys = JWTKeyCollection()
            await keys.add(hmac: HMACKey(from: secret.revealed), digestAlgorithm: .sha256)
            self.verifier = .signature(try await keys.getKey())
        }
    }

    /// - Throws: `nao-autenticado` if there is no token or it is not good.
    package func identidade(authorization: String?) throws(Problema) -> Identidade {
        guard case .signature(let algorithm) = self.verifier else { return .anonimo }
        guard BearerToken.isPresent(authorization) else {
            throw Problema(.naoAutenticado, detail: "Falta o cabeçalho Authorization: Bearer com um token.")
        }
        guard let token = BearerToken.parse(authorization) else { throw Self.refused("não tem a forma de um JWT") }
        do {
            let claims = try self.claims(of: String(token), algorithm: algorithm)
            try claims.check(agora: self.agora(), toleranciaS: self.configuration.toleranciaS)
            return claims.identidade
        } catch {
            throw Self.refused(error.reason)
        }
    }

    private func claims(of token: String, algorithm: any JWTAlgorithm) throws(TokenClaims.Refusal) -> TokenClaims {
        if let known = self.cache.claims(of: token) { return known }
        let payload = try SignedToken(token).payload(algorithm: algorithm)
        let claims = try TokenClaims(payload, configuration: self.configuration)
        self.cache.insert(token, claims)
        return claims
    }

    private static func refused(_ reason: String) -> Problema {
        Problema(.naoAutenticado, detail: "O token não foi aceito: \(reason).")
    }
}
