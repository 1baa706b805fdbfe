import Contrato

/// The OpenID Connect issuer at which merchants sign in. The page is a public client of it: there is no secret.
package struct PainelIssuer: Sendable, Equatable {
    /// The issuer's identifier, exactly as it is in its discovery document.
    package let identifier: String
    package let clientID: String
    /// The scopes that the page asks for, separated by spaces.
    package let scopes: String
    /// The origins that the page calls: of the discovery document and of the token endpoint.
    package let origins: [String]

    package init(identifier: String, clientID: String, scopes: String, origins: [String]) {
        self.identifier = identifier
        self.clientID = clientID
        self.scopes = scopes
        self.origins = origins
    }

    var json: JSONValue {
        .object([
            JSONMember(name: "emissor", value: .string(self.identifier)),
            JSONMember(name: "cliente", value: .string(self.clientID)),
            JSONMember(name: "escopos", value: .string(self.scopes)),
            JSONMember(name: "origens", value: .array(self.origins.map { .string($0) })),
        ])
    }
}
