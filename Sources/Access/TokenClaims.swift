import Contrato
import FluxoDeCaixa

/// The claims of a verified token that the services use.
struct TokenClaims: Sendable, Equatable {
    let identity: Identity
    /// Seconds since 1970; may have a fraction (RFC 7519 §2, NumericDate).
    let exp: Double
    let nbf: Double?

    /// Why a payload is refused. The caller receives the text, which contains nothing of the token.
    struct Refusal: Error, Equatable {
        let reason: String
    }

    /// Reads the payload of a token with a verified signature.
    init(_ payload: JSONValue, settings: AuthSettings) throws(Refusal) {
        guard case .object = payload else { throw Refusal(reason: "o conteúdo não é um objeto JSON") }
        guard case .string(let sub)? = payload.claim("sub"), (1...255).contains(sub.unicodeScalars.count), !sub.utf8.contains(0) else {
            throw Refusal(reason: "sub tem de ser um texto de 1 a 255 caracteres")
        }
        guard let exp = try Self.date("exp", in: payload) else { throw Refusal(reason: "falta exp") }
        self.exp = exp
        self.nbf = try Self.date("nbf", in: payload)
        if let iss = settings.issuer {
            guard case .string(let given)? = payload.claim("iss"), given.utf8.elementsEqual(iss.utf8) else {
                throw Refusal(reason: "iss não é o emissor esperado")
            }
        }
        if let aud = settings.audience {
            guard Self.texts(payload.claim("aud"))?.contains(where: { $0.utf8.elementsEqual(aud.utf8) }) == true else {
                throw Refusal(reason: "aud não é a audiência esperada")
            }
        }
        self.identity = Identity(
            sub: sub, contas: try Self.contas(payload, claim: settings.contasClaim),
            scopes: try Self.scopes(payload, claim: settings.scopeClaim),
            validUntil: Self.instant(exp + Double(settings.leewayS)))
    }

    /// Seconds since 1970 as an instant, rounded up as ``check(agora:leewayS:)`` compares; a number too large is the latest one.
    private static func instant(_ seconds: Double) -> Instante {
        let milliseconds = (seconds * 1000).rounded(.up)
        return Int64(exactly: milliseconds).map { Instante(milissegundos: $0) } ?? (seconds < 0 ? .primeiro : .ultimo)
    }

    /// Checks `exp` and `nbf` with `leewayS` seconds of clock difference allowed.
    func check(agora: Instante, leewayS: Int) throws(Refusal) {
        let now = Double(agora.milissegundos) / 1000
        guard now < self.exp + Double(leewayS) else { throw Refusal(reason: "o token expirou") }
        if let nbf = self.nbf, now < nbf - Double(leewayS) { throw Refusal(reason: "o token ainda não vale") }
    }

    private static func contas(_ payload: JSONValue, claim: String) throws(Refusal) -> [FiltroDeConta] {
        guard let value = payload.claim(claim) else { return [] }
        guard case .array(let items) = value else { throw Refusal(reason: "\(claim) tem de ser uma lista de contas") }
        var contas: [FiltroDeConta] = []
        for item in items {
            guard case .string(let text) = item, let filtro = FiltroDeConta(parsing: text) else {
                throw Refusal(reason: "\(claim) tem uma conta malformada")
            }
            contas.append(filtro)
        }
        return contas
    }

    /// RFC 8693 §4.2: words separated by single spaces. Scopes of other systems are kept; no route requires them.
    private static func scopes(_ payload: JSONValue, claim: String) throws(Refusal) -> Set<Scope> {
        guard let value = payload.claim(claim) else { return [] }
        guard case .string(let text) = value else { throw Refusal(reason: "\(claim) tem de ser um texto") }
        return Set(text.split(separator: " ").map { Scope(rawValue: String($0)) })
    }

    private static func date(_ claim: String, in payload: JSONValue) throws(Refusal) -> Double? {
        guard let value = payload.claim(claim) else { return nil }
        guard case .number(let text) = value, let seconds = Double(text), seconds.isFinite else {
            throw Refusal(reason: "\(claim) tem de ser um número")
        }
        return seconds
    }

    /// A text, or a list of texts; `nil`: something else.
    private static func texts(_ value: JSONValue?) -> [String]? {
        switch value {
        case .string(let text): return [text]
        case .array(let items):
            var texts: [String] = []
            for item in items {
                guard case .string(let text) = item else { return nil }
                texts.append(text)
            }
            return texts
        default: return nil
        }
    }
}

extension JSONValue {
    /// A member that exists and is not `null`.
    fileprivate func claim(_ name: String) -> JSONValue? {
        guard let value = self[name], value != .null else { return nil }
        return value
    }
}
