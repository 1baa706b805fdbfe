package import Contrato
package import FluxoDeCaixa
package import Logging
import ServiceLifecycle
import Settings

/// Identifies the caller by the `Authorization` header.
///
/// Only the configured algorithms are accepted: a token with another one, `none` included, is refused before its signature is verified, and a
/// key verifies only tokens of its own algorithm. Header and payload are read by the strict JSON reader, which refuses repeated members.
///
/// With a key set it is a service that refreshes the keys while it runs.
package final class Authenticator: Service {
    private enum Verifier {
        case none
        case secret(SigningKey)
        case keys(KeyStore)
    }

    /// The generation of the secret, which never changes while the process runs.
    private static let secretGeneration = 0
    private static let keySetAlgorithms: Set = ["RS256", "ES256"]

    private let settings: AuthSettings
    private let verifier: Verifier
    private let cache: TokenCache
    private let agora: @Sendable () -> Instante

    /// - Throws: ``SettingsError`` if the file of the key set has no usable key. A URL may be unreachable: it is fetched when the service runs,
    ///   and until then every token is answered `sobrecarga`.
    package convenience init(
        _ settings: AuthSettings, logger: Logger, agora: @escaping @Sendable () -> Instante
    ) async throws {
        try await self.init(settings, logger: logger, agora: agora, cache: TokenCache())
    }

    init(
        _ settings: AuthSettings, logger: Logger, agora: @escaping @Sendable () -> Instante, cache: TokenCache
    ) async throws {
        self.settings = settings
        self.agora = agora
        self.cache = cache
        switch settings.mode {
        case .none:
            self.verifier = .none
        case .hs256(let secret):
            self.verifier = .secret(try await SigningKey(secret: secret))
        case .keySetFile(let path):
            let store = KeyStore(source: FileKeySource(path: path), logger: logger)
            if let failure = await store.refresh() { throw SettingsError.file(path, "não é um JWKS que se possa usar: \(failure)") }
            guard store.current?.keys.isEmpty == false else {
                throw SettingsError.file(path, "não tem nenhuma chave RSA (RS256) ou EC P-256 (ES256) que se possa usar")
            }
            self.verifier = .keys(store)
        case .keySetURL(let url, let intervalS):
            if url.hasPrefix("http://") {
                logger.warning(
                    "the key set is fetched without TLS: who can change that answer can sign tokens", metadata: ["url": "\(url)"])
            }
            self.verifier = .keys(KeyStore(source: URLKeySource(url: url, interval: .seconds(intervalS)), logger: logger))
        }
    }

    /// Refreshes the keys until shutdown.
    package func run() async throws {
        if case .keys(let store) = self.verifier {
            await store.run()
        } else {
            do {
                try await gracefulShutdown()
            } catch is CancellationError {
                // Cancellation ends it as well; there is nothing to clean up.
            }
        }
    }

    /// - Throws: `nao-autenticado` without a valid token; `sobrecarga` while no key is loaded.
    package func identity(authorization: String?) async throws(Problema) -> Identity {
        if case .none = self.verifier { return .anonymous }
        guard BearerToken.isPresent(authorization) else {
            throw Problema(.naoAutenticado, detail: "Falta o cabeçalho Authorization: Bearer com um token.")
        }
        guard let token = BearerToken.parse(authorization).map(String.init) else { throw Self.refused("não tem a forma de um JWT") }
        let claims: TokenClaims
        if let known = self.cached(token) {
            claims = known
        } else {
            claims = try await self.verify(token)
        }
        try Self.refusing { () throws(TokenClaims.Refusal) in
            try claims.check(agora: self.agora(), leewayS: self.settings.leewayS)
        }
        return claims.identity
    }

    private func cached(_ token: String) -> TokenClaims? {
        switch self.verifier {
        case .none: nil
        case .secret: self.cache.claims(of: token, generation: Self.secretGeneration)
        case .keys(let store): store.current.flatMap { self.cache.claims(of: token, generation: $0.generation) }
        }
    }

    private func verify(_ token: String) async throws(Problema) -> TokenClaims {
        let signed = try Self.refusing { () throws(TokenClaims.Refusal) in try SignedToken(token) }
        let (keys, generation) = try await self.candidates(for: signed)
        let claims = try Self.refusing { () throws(TokenClaims.Refusal) in
            try TokenClaims(try signed.payload(verifiedBy: keys), settings: self.settings)
        }
        self.cache.insert(token, claims, generation: generation)
        return claims
    }

    private func candidates(for token: SignedToken) async throws(Problema) -> (keys: [SigningKey], generation: Int) {
        switch self.verifier {
        case .none: return ([], 0)
        case .secret(let key):
            guard token.algorithm == key.algorithmName else { throw Self.refused("o algoritmo tem de ser \(key.algorithmName)") }
            return ([key], Self.secretGeneration)
        case .keys(let store):
            guard Self.keySetAlgorithms.contains(token.algorithm) else { throw Self.refused("o algoritmo tem de ser RS256 ou ES256") }
            guard let set = await store.keys(kid: token.kid) else {
                throw Problema(.sobrecarga, detail: "As chaves que conferem os tokens ainda não puderam ser carregadas.")
            }
            let keys = set.candidates(kid: token.kid, algorithm: token.algorithm)
            guard !keys.isEmpty else { throw Self.refused("nenhuma chave conhecida é a que o token nomeia, com o algoritmo dele") }
            return (keys, set.generation)
        }
    }

    private static func refusing<Value>(_ body: () throws(TokenClaims.Refusal) -> Value) throws(Problema) -> Value {
        do {
            return try body()
        } catch {
            throw self.refused(error.reason)
        }
    }

    private static func refused(_ reason: String) -> Problema {
        Problema(.naoAutenticado, detail: "O token não foi aceito: \(reason).")
    }
}

/// The token in an `Authorization` header (RFC 6750 §2.1).
package enum BearerToken {
    /// The text after `Bearer`; `nil`: no header, another scheme, or not a token.
    static func parse(_ authorization: String?) -> Substring? {
        guard let authorization, self.isPresent(authorization) else { return nil }
        let bytes = authorization.utf8
        let start = bytes.index(bytes.startIndex, offsetBy: self.scheme.utf8.count)
        guard let first = bytes[start...].firstIndex(where: { $0 != UInt8(ascii: " ") }), first > start else { return nil }
        let token = authorization[first...]
        return token.utf8.allSatisfy(self.isTokenByte) ? token : nil
    }

    /// Whether the header has the scheme `Bearer`, with or without a valid token.
    package static func isPresent(_ authorization: String?) -> Bool {
        guard let authorization else { return false }
        let scheme = authorization.utf8.prefix(self.scheme.utf8.count)
        guard scheme.elementsEqual(self.scheme.utf8, by: { $0 | 0x20 == $1 }) else { return false }
        let rest = authorization.utf8.dropFirst(self.scheme.utf8.count)
        return rest.isEmpty || rest.first == UInt8(ascii: " ")
    }

    private static let scheme = "bearer"

    /// The alphabet of `b64token` that a JWT uses, and the dot between its parts.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: false
        }
    }
}
