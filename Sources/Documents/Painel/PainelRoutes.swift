import Contrato
package import Edge
import HTTPTypes
import Hummingbird

/// What the merchant's page must know before it signs in. Nothing here is secret: the page is open.
package struct PainelConfiguration: Sendable {
    /// The origin of the entry service as browsers reach it; `nil`: the page's own.
    package let lancamentosOrigin: String?
    /// The time zone of the business days.
    package let timeZone: String
    package let contasClaim: String
    package let scopeClaim: String
    /// Whether calls need a token.
    package let needsToken: Bool
    /// The issuer at which merchants sign in; `nil`: they paste a token.
    package let issuer: PainelIssuer?

    package init(
        lancamentosOrigin: String?, timeZone: String, contasClaim: String, scopeClaim: String, needsToken: Bool, issuer: PainelIssuer?
    ) {
        self.lancamentosOrigin = lancamentosOrigin
        self.timeZone = timeZone
        self.contasClaim = contasClaim
        self.scopeClaim = scopeClaim
        self.needsToken = needsToken
        self.issuer = issuer
    }

    fileprivate var json: JSONValue {
        .object([
            JSONMember(name: "lancamentos_url", value: .string(self.lancamentosOrigin ?? "")),
            JSONMember(name: "fuso", value: .string(self.timeZone)),
            JSONMember(name: "claim_contas", value: .string(self.contasClaim)),
            JSONMember(name: "claim_escopo", value: .string(self.scopeClaim)),
            JSONMember(name: "sem_token", value: .bool(!self.needsToken)),
            JSONMember(name: "oidc", value: self.issuer?.json ?? .null),
        ])
    }

    /// The page runs its own files alone and calls the two services and the issuer alone. `data:` and inline styles are not allowed either.
    fileprivate var policy: String {
        let connect = (["'self'"] + [self.lancamentosOrigin].compactMap(\.self) + (self.issuer?.origins ?? [])).joined(separator: " ")
        return """
            default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src \(connect); base-uri 'none'; \
            form-action 'none'; frame-ancestors 'none'
            """
    }
}

extension Route {
    /// The merchant's page, which calls the API like any other client; and the root, which leads to it.
    package static func painel(_ configuration: PainelConfiguration) -> [Route] {
        let files = PainelFile.all(configuration)
        let page = PainelFile.page(configuration)
        return [
            // Relative, so that it holds below any public address.
            Route(.get, "/", access: .open) { _, _ in Response(status: .found, headers: [.location: "painel"]) },
            Route(.get, "/painel", access: .open) { request, _ in page.response(to: request) },
            Route(.get, "/painel/{arquivo}", access: .open) { request, scope in
                guard let file = try files[scope.parameter("arquivo")] else {
                    throw Problema(.naoEncontrado, detail: "Este caminho não existe.")
                }
                return file.response(to: request)
            },
        ]
    }
}

/// One file of the page, ready to be sent.
private struct PainelFile: Sendable {
    let bytes: [UInt8]
    let type: String
    let tag: EntityTag
    let policy: String

    private init(_ bytes: [UInt8], type: String, form: String, policy: String) {
        self.bytes = bytes
        self.type = type
        self.tag = EntityTag(versao: 1, form: form, content: bytes)
        self.policy = policy
    }

    static func page(_ configuration: PainelConfiguration) -> PainelFile {
        PainelFile(Documents.painelPage, type: "text/html; charset=utf-8", form: "html", policy: configuration.policy)
    }

    /// By the names under which they are served, `/painel/<name>`.
    static func all(_ configuration: PainelConfiguration) -> [String: PainelFile] {
        let types = ["js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"]
        var files: [String: PainelFile] = [:]
        for (name, bytes) in Documents.painelFiles {
            let form = String(name.drop { $0 != "." }.dropFirst())
            files[name] = PainelFile(bytes, type: types[form] ?? "application/octet-stream", form: form, policy: configuration.policy)
        }
        files["configuracao.json"] = PainelFile(
            configuration.json.bytes, type: "application/json", form: "json", policy: configuration.policy)
        return files
    }

    func response(to request: Request) -> Response {
        var headers: HTTPFields = [.cacheControl: "no-cache", .xContentTypeOptions: "nosniff", .contentSecurityPolicy: self.policy]
        // No address of this page reaches another site.
        if let name = HTTPField.Name("Referrer-Policy") { headers[name] = "no-referrer" }
        return .tagged(self.bytes, self.tag, contentHeaders: [.contentType: self.type], headers: headers, for: request)
    }
}
