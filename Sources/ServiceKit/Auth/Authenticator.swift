package import Contrato
package import FluxoDeCaixa
package import Logging
import ServiceLifecycle

/// Finds out who calls from the `Authorization` header.
///
/// The algorithms are the configured ones and nothing else: a token that names another, `none` included, is refused before its signature
/// is looked at, and a key verifies only tokens of its own algorithm. Header and payload are read by our own strict JSON reader, so that
/// no repeated member can mean two things.
///
/// With a key set it is a service: while it runs, the keys are kept fresh.
package final class Authenticator: Service {
    private enum Verifier {
        case none
        case secret(SigningKey)
        case keys(KeyStore)
    }

    /// Of the secret, which never changes while the process runs.
    private static let secretGeneration = 0
    private static let keySetAlgorithms: Set = ["RS256", "ES256"]

    private let configuration: AuthConfiguration
    private let verifier: Verifier
    private let cache: TokenCache
    private let agora: @Sendable () -> Instante

    /// - Throws: ``ConfigurationError`` if the file of the key set holds no usable key. A URL may be away: it is asked once the service
    ///   runs, and until it answers every token is answered `sobrecarga`.
    package convenience init(
        _ configuration: AuthConfiguration, logger: Logger, agora: @escaping @Sendable () -> Instante = SystemClock.agora
    ) async throws {
        try await self.init(configuration, logger: logger, agora: agora, cache: TokenCache())
    }

    init(
        _ configuration: AuthConfiguration, logger: Logger, agora: @escaping @Sendable () -> Instante, cache: TokenCache
    ) async throws {
        self.configuration = configuration
        self.agora = agora
        self.cache = cache
        switch configuration.modo {
        case .nenhum:
            self.verifier = .none
        case .hs256(let secret):
            self.verifier = .secret(try await SigningKey(secret: secret))
        case .jwksArquivo(let path):
            let store = KeyStore(source: FileKeySource(path: path), logger: logger)
            if let failure = await store.look() { throw ConfigurationError.file(path, "não é um JWKS que se possa usar: \(failure)") }
            guard store.current?.keys.isEmpty == false else {
                throw ConfigurationError.file(path, "não tem nenhuma chave RSA (RS256) ou EC P-256 (ES256) que se possa usar")
            }
            self.verifier = .keys(store)
        case .jwksURL(let url, let intervaloS):
            if url.hasPrefix("http://") {
                logger.warning(
                    "the key set is fetched without TLS: who can change that answer can sign tokens", metadata: ["url": "\(url)"])
            }
            self.verifier = .keys(KeyStore(source: URLKeySource(url: url, interval: .seconds(intervaloS)), logger: logger))
        }
    }

    /// Keeps the keys fresh until the shutdown.
    package func run() async throws {
        if case .keys(let store) = self.verifier {
            await store.run()
        } else {
            do {
                try await gracefulShutdown()
            } catch is CancellationError {
                // Cancelled instead of told: there is nothing to end here.
            }
        }
    }

    /// - Throws: `nao-autenticado` if there is no token or it is not good; `sobrecarga` if it cannot be told, because no key was loaded yet.
    package func identidade(authorization: String?) async throws(Problema) -> Identidade {
        if case .none = self.verifier { return .anonimo }
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
            try claims.check(agora: self.agora(), toleranciaS: self.configuration.toleranciaS)
        }
        return claims.identidade
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
            try TokenClaims(try signed.payload(verifiedBy: keys), configuration: self.configuration)
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
