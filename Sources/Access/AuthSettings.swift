package import Settings

/// How callers prove their identity.
package struct AuthSettings: Sendable {
    /// The only accepted kind of token; all others are refused.
    package enum Mode: Sendable {
        /// A JWT signed with HMAC-SHA-256 (RFC 7518 §3.2: the key has at least 32 bytes).
        case hs256(Secret)
        /// A JWT signed with RS256 or ES256 by a key of the JSON Web Key Set in this file, which is re-read periodically.
        case keySetFile(String)
        /// The same with the key set at this URL, fetched again after each interval.
        case keySetURL(String, intervalS: Int)
        /// No token is required: every caller is `anonimo` and may do everything. Loopback listeners only.
        case none
    }

    package var mode: Mode
    /// The claim with the token's accounts.
    package var contasClaim = "contas"
    /// The claim with the token's scopes.
    package var scopeClaim = "scope"
    /// The exact `iss` that a token must have; `nil`: not checked.
    package var issuer: String?
    /// A value that `aud` must equal or contain; `nil`: not checked.
    package var audience: String?
    /// Clock difference allowed in `exp` and `nbf`, in seconds.
    package var leewayS = 60

    package static let keys = [
        SettingKey("auth.modo", .choice(["hs256", "jwks", "nenhum"]), default: "hs256"),
        SettingKey("auth.segredo", .bytes(min: 32), secret: true),
        SettingKey("auth.jwks_arquivo", .text),
        SettingKey("auth.jwks_url", .url(schemes: ["https", "http"])),
        SettingKey("auth.jwks_intervalo_s", .integer(5...86_400), unit: "s", default: "300"),
        SettingKey("auth.claim_contas", .text, default: "contas"),
        SettingKey("auth.claim_escopo", .text, default: "scope"),
        SettingKey("auth.iss", .text),
        SettingKey("auth.aud", .text),
        SettingKey("auth.tolerancia_s", .integer(0...600), unit: "s", default: "60"),
    ]
}

extension AuthSettings {
    /// - Parameter isLoopback: whether only this machine can connect to the listener at `address`, which mode `nenhum` requires.
    package init(_ values: SettingValues, address: String, isLoopback: Bool) throws(SettingsError) {
        self.init(
            mode: try Mode(values, address: address, isLoopback: isLoopback),
            contasClaim: try values.required("auth.claim_contas"),
            scopeClaim: try values.required("auth.claim_escopo"),
            issuer: values.text("auth.iss"),
            audience: values.text("auth.aud"),
            leewayS: try values.integer("auth.tolerancia_s")
        )
    }
}

extension AuthSettings.Mode {
    fileprivate init(_ values: SettingValues, address: String, isLoopback: Bool) throws(SettingsError) {
        let file = values.text("auth.jwks_arquivo")
        let url = values.text("auth.jwks_url")
        switch try values.required("auth.modo") {
        case "nenhum":
            guard isLoopback else {
                throw .invalid(
                    values.key("auth.modo"), value: "nenhum", from: "auth.modo",
                    accepted: "nenhum só com \(values.service).endereco de loopback (127.0.0.1, ::1, localhost), não \(address)"
                )
            }
            try Self.refuse(["auth.jwks_arquivo", "auth.jwks_url"], with: "nenhum", values)
            self = .none
        case "jwks":
            // A secret beside the keys would look as if it were still accepted.
            try Self.refuse(["auth.segredo"], with: "jwks", values)
            switch (file, url) {
            case (let file?, nil): self = .keySetFile(file)
            case (nil, let url?): self = .keySetURL(url, intervalS: try values.integer("auth.jwks_intervalo_s"))
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

    private static func refuse(_ names: [String], with mode: String, _ values: SettingValues) throws(SettingsError) {
        for name in names where values.text(name) != nil {
            throw .contradiction(values.key(name), "foi dado, mas auth.modo é \(mode), que não o usa")
        }
    }
}
