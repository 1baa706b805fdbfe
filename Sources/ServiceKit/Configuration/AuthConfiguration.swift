/// How callers prove who they are.
package struct AuthConfiguration: Sendable {
    /// The one way that is accepted; a token of any other kind is refused.
    package enum Modo: Sendable {
        /// A JWT signed with HMAC-SHA-256 (RFC 7518 §3.2: the key has at least 32 bytes).
        case hs256(Secret)
        /// A JWT signed with RS256 or ES256 by a key of the JSON Web Key Set in this file, which is read again and again.
        case jwksArquivo(String)
        /// The same by the key set at this URL, fetched again every so many seconds.
        case jwksURL(String, intervaloS: Int)
        /// No token is asked: everybody is `anonimo` and may do everything. Loopback listeners only.
        case nenhum
    }

    package var modo: Modo
    package var claimContas: String
    package var claimEscopo: String
    /// Exact `iss` that a token must have; `nil`: not looked at.
    package var iss: String?
    /// A value that `aud` must be or hold; `nil`: not looked at.
    package var aud: String?
    /// Clock difference forgiven in `exp` and `nbf`, in seconds.
    package var toleranciaS: Int

    package init(
        modo: Modo, claimContas: String = "contas", claimEscopo: String = "scope", iss: String? = nil, aud: String? = nil,
        toleranciaS: Int = 60
    ) {
        self.modo = modo
        self.claimContas = claimContas
        self.claimEscopo = claimEscopo
        self.iss = iss
        self.aud = aud
        self.toleranciaS = toleranciaS
    }

    init(_ values: ConfigurationValues, endereco: String) throws(ConfigurationError) {
        self.init(
            modo: try Modo(values, endereco: endereco),
            claimContas: try values.required("auth.claim_contas"),
            claimEscopo: try values.required("auth.claim_escopo"),
            iss: values.text("auth.iss"),
            aud: values.text("auth.aud"),
            toleranciaS: try values.integer("auth.tolerancia_s")
        )
    }
}

extension AuthConfiguration.Modo {
    fileprivate init(_ values: ConfigurationValues, endereco: String) throws(ConfigurationError) {
        let file = values.text("auth.jwks_arquivo")
        let url = values.text("auth.jwks_url")
        switch try values.required("auth.modo") {
        case "nenhum":
            guard HTTPConfiguration(endereco: endereco).isLoopback else {
                throw .invalid(
                    values.key("auth.modo"), value: "nenhum", from: "auth.modo",
                    accepted: "nenhum só com \(values.service.rawValue).endereco de loopback (127.0.0.1, ::1, localhost), não \(endereco)"
                )
            }
            try Self.refuse(["auth.jwks_arquivo", "auth.jwks_url"], with: "nenhum", values)
            self = .nenhum
        case "jwks":
            // A secret beside the keys would look as if it still opened something.
            try Self.refuse(["auth.segredo"], with: "jwks", values)
            switch (file, url) {
            case (let file?, nil): self = .jwksArquivo(file)
            case (nil, let url?): self = .jwksURL(url, intervaloS: try values.integer("auth.jwks_intervalo_s"))
            case (nil, nil):
                throw .contradiction(values.key("auth.modo"), "jwks pede auth.jwks_arquivo ou auth.jwks_url, e nenhum dos dois foi dado")
            case (_?, _?):
                throw .contradiction(
                    values.key("auth.jwks_url"), "auth.jwks_arquivo e auth.jwks_url foram dados ao mesmo tempo; aceita-se um dos dois")
            }
        default:
            try Self.refuse(["auth.jwks_arquivo", "auth.jwks_url"], with: "hs256", values)
            self = .hs256(Secret(try values.required("auth.segredo")))
        }
    }

    private static func refuse(_ names: [String], with modo: String, _ values: ConfigurationValues) throws(ConfigurationError) {
        for name in names where values.text(name) != nil {
            throw .contradiction(values.key(name), "foi dado, mas auth.modo é \(modo), que não o usa")
        }
    }
}
