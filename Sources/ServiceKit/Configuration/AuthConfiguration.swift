/// How callers prove who they are.
package struct AuthConfiguration: Sendable {
    /// The one way that is accepted; a token of any other kind is refused.
    package enum Modo: Sendable {
        /// A JWT signed with HMAC-SHA-256 (RFC 7518 §3.2: the key has at least 32 bytes).
        case hs256(Secret)
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
        let modo: Modo
        if try values.required("auth.modo") == "nenhum" {
            guard HTTPConfiguration(endereco: endereco).isLoopback else {
                throw .invalid(
                    values.key("auth.modo"), value: "nenhum", from: "auth.modo",
                    accepted: "nenhum só com \(values.service.rawValue).endereco de loopback (127.0.0.1, ::1, localhost), não \(endereco)"
                )
            }
            modo = .nenhum
        } else {
            modo = .hs256(Secret(try values.required("auth.segredo")))
        }
        self.init(
            modo: modo,
            claimContas: try values.required("auth.claim_contas"),
            claimEscopo: try values.required("auth.claim_escopo"),
            iss: values.text("auth.iss"),
            aud: values.text("auth.aud"),
            toleranciaS: try values.integer("auth.tolerancia_s")
        )
    }
}
