package import Access
package import Settings

/// Where the service listens, and the limits of one client.
package struct HTTPSettings: Sendable {
    package var address = "127.0.0.1"
    /// 0: any free port.
    package var port = 0
    /// Largest JSON body, in bytes.
    package var bodyMaxBytes = 65_536
    /// A request must be complete within this time, in seconds.
    package var requestMaxS = 30
    /// A connection without a request, or with a client that reads nothing, is closed after this time, in seconds.
    package var idleMaxS = 75
    /// Connections open at the same time.
    package var connectionsMax = 2000
    /// Requests handled at the same time; beyond it the answer is 503.
    package var requestsMax = 400
    /// Requests of one subject; `nil`: unlimited.
    package var rate: RateLimit?
    /// The origins whose pages may read answers.
    package var corsOrigins = CORSOrigins.none
    /// The certificate of HTTPS; `nil`: plain HTTP.
    package var tls: TLS?

    /// Files in PEM.
    package struct TLS: Sendable, Equatable {
        /// The certificate and the chain to its authority.
        package let certificate: String
        package let key: String
    }

    /// The keys that both services share.
    package static let sharedKeys = [
        SettingKey("http.corpo_max_bytes", .integer(1024...16_777_216), unit: "bytes", default: "65536"),
        SettingKey("http.requisicao_max_s", .integer(SettingKey.seconds), unit: "s", default: "30"),
        SettingKey("http.ociosa_max_s", .integer(SettingKey.seconds), unit: "s", default: "75"),
        SettingKey("http.conexoes_max", .integer(1...100_000), unit: "conexões", default: "2000"),
        SettingKey("http.pedidos_max", .integer(1...100_000), unit: "requisições", default: "400"),
        SettingKey("http.taxa.por_segundo", .integer(0...1_000_000), unit: "requisições", default: "0"),
        SettingKey("http.taxa.rajada", .integer(1...1_000_000), unit: "requisições"),
        SettingKey("http.cors.origens", .text),
        SettingKey("http.tls.certificado", .text),
        SettingKey("http.tls.chave", .text),
    ]

    /// The keys of one service's listener.
    package static func listenerKeys(of service: String, defaultPort: Int) -> [SettingKey] {
        [
            SettingKey("\(service).endereco", .text, default: "127.0.0.1"),
            SettingKey("\(service).porta", .integer(0...65_535), default: String(defaultPort)),
        ]
    }
}

extension HTTPSettings {
    package init(_ values: SettingValues) throws(SettingsError) {
        self.init(
            address: try values.required("\(values.service).endereco"),
            port: try values.integer("\(values.service).porta"),
            bodyMaxBytes: try values.integer("http.corpo_max_bytes"),
            requestMaxS: try values.integer("http.requisicao_max_s"),
            idleMaxS: try values.integer("http.ociosa_max_s"),
            connectionsMax: try values.integer("http.conexoes_max"),
            requestsMax: try values.integer("http.pedidos_max"),
            rate: try Self.rate(values),
            corsOrigins: try Self.corsOrigins(values),
            tls: try Self.tls(values)
        )
    }

    private static func tls(_ values: SettingValues) throws(SettingsError) -> TLS? {
        switch (values.text("http.tls.certificado"), values.text("http.tls.chave")) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return TLS(certificate: certificate, key: key)
        default: throw .contradiction(values.key("http.tls.certificado"), "aceita-se junto com http.tls.chave, ou nenhum dos dois")
        }
    }

    private static func rate(_ values: SettingValues) throws(SettingsError) -> RateLimit? {
        let perSecond = try values.integer("http.taxa.por_segundo")
        let burst = values.text("http.taxa.rajada") == nil ? nil : try values.integer("http.taxa.rajada")
        guard perSecond > 0 else {
            guard burst == nil else {
                throw .contradiction(values.key("http.taxa.rajada"), "foi dada, mas http.taxa.por_segundo é 0, que não limita nada")
            }
            return nil
        }
        return RateLimit(perSecond: perSecond, burst: burst ?? perSecond)
    }

    private static func corsOrigins(_ values: SettingValues) throws(SettingsError) -> CORSOrigins {
        guard let text = values.text("http.cors.origens") else { return .none }
        guard let origins = CORSOrigins(parsing: text) else {
            throw .invalid(
                values.key("http.cors.origens"), value: text, from: "http.cors.origens",
                accepted: "origens exatas como https://app.example, sem barra no fim e em minúsculas, separadas por vírgulas, ou * sozinho")
        }
        return origins
    }

    /// Whether only this machine can connect to the listener: 127.0.0.0/8, `::1` or the name `localhost`.
    package var isLoopback: Bool {
        if ["localhost", "::1"].contains(self.address) { return true }
        let parts = self.address.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
