import Contrato
import FluxoDeCaixa

/// What a verified token says, as far as it concerns us.
struct TokenClaims: Sendable, Equatable {
    let identidade: Identidade
    /// Seconds since 1970; may have a fraction (RFC 7519 §2, NumericDate).
    let exp: Double
    let nbf: Double?

    /// Why a payload is no good. The text goes to the caller and holds nothing of the token.
    struct Refusal: Error, Equatable {
        let reason: String
    }

    /// Reads the payload of a token whose signature was checked.
    init(_ payload: JSONValue, configuration: AuthConfiguration) throws(Refusal) {
        guard case .object = payload else { throw Refusal(reason: "o conteúdo não é um objeto JSON") }
        guard case .string(let sub)? = payload.claim("sub"), (1...255).contains(sub.unicodeScalars.count), !sub.utf8.contains(0) else {
            throw Refusal(reason: "sub tem de ser um texto de 1 a 255 caracteres")
        }
        guard let exp = try Self.date("exp", in: payload) else { throw Refusal(reason: "falta exp") }
        self.exp = exp
        self.nbf = try Self.date("nbf", in: payload)
        if let iss = configuration.iss {
            guard case .string(let given)? = payload.claim("iss"), given.utf8.elementsEqual(iss.utf8) else {
                throw Refusal(reason: "iss não é o emissor esperado")
            }
        }
        if let aud = configuration.aud {
            guard Self.texts(payload.claim("aud"))?.contains(where: { $0.utf8.elementsEqual(aud.utf8) }) == true else {
                throw Refusal(reason: "aud não é a audiência esperada")
            }
        }
        self.identidade = Identidade(
            sub: sub, contas: try Self.contas(payload, claim: configuration.claimContas),
            escopos: try Self.escopos(payload, claim: configuration.claimEscopo))
    }

    /// Whether the token is good at this moment, `tolerancia` seconds of clock difference forgiven.
    func check(agora: Instante, toleranciaS: Int) throws(Refusal) {
        let now = Double(agora.milissegundos) / 1000
        guard now < self.exp + Double(toleranciaS) else { throw Refusal(reason: "o token expirou") }
        if let nbf = self.nbf, now < nbf - Double(toleranciaS) { throw Refusal(reason: "o token ainda não vale") }
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

    /// RFC 8693 §4.2: words separated by single spaces. Scopes of other systems are passed over.
    private static func escopos(_ payload: JSONValue, claim: String) throws(Refusal) -> Set<Escopo> {
        guard let value = payload.claim(claim) else { return [] }
        guard case .string(let text) = value else { throw Refusal(reason: "\(claim) tem de ser um texto") }
        return Set(text.split(separator: " ").compactMap { Escopo(rawValue: String($0)) })
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
    /// A member that is there and not `null`.
    fileprivate func claim(_ name: String) -> JSONValue? {
        guard let value = self[name], value != .null else { return nil }
        return value
    }
}
