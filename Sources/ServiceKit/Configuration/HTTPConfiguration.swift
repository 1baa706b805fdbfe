/// Where the service listens and what one client may cost.
package struct HTTPConfiguration: Sendable {
    package var endereco: String
    package var porta: Int
    /// Largest JSON body, in bytes.
    package var corpoMaxBytes: Int
    /// A request must be complete within this many seconds.
    package var requisicaoMaxS: Int
    /// A connection without a request, or whose client reads nothing, is closed after this many seconds.
    package var ociosaMaxS: Int
    /// Connections open at once.
    package var conexoesMax: Int
    /// Requests that are handled at once; beyond it the answer is 503.
    package var pedidosMax: Int
    /// Requests that one subject may make; `nil`: any number.
    package var taxa: RateLimit?
    /// The origins whose pages may read answers.
    package var origensCORS: OrigensCORS
    /// HTTPS instead of HTTP, with this certificate; `nil`: plain.
    package var tls: TLS?

    /// Files in PEM: the certificate with what leads to its authority, and its key.
    package struct TLS: Sendable, Equatable {
        package let certificado: String
        package let chave: String

        package init(certificado: String, chave: String) {
            self.certificado = certificado
            self.chave = chave
        }
    }

    package init(
        endereco: String = "127.0.0.1", porta: Int = 0, corpoMaxBytes: Int = 65_536, requisicaoMaxS: Int = 30, ociosaMaxS: Int = 60,
        conexoesMax: Int = 2000, pedidosMax: Int = 400, taxa: RateLimit? = nil, origensCORS: OrigensCORS = .nenhuma,
        tls: TLS? = nil
    ) {
        self.endereco = endereco
        self.porta = porta
        self.corpoMaxBytes = corpoMaxBytes
        self.requisicaoMaxS = requisicaoMaxS
        self.ociosaMaxS = ociosaMaxS
        self.conexoesMax = conexoesMax
        self.pedidosMax = pedidosMax
        self.taxa = taxa
        self.origensCORS = origensCORS
        self.tls = tls
    }

    init(_ values: ConfigurationValues) throws(ConfigurationError) {
        let name = values.service.rawValue
        self.init(
            endereco: try values.required("\(name).endereco"),
            porta: try values.integer("\(name).porta"),
            corpoMaxBytes: try values.integer("http.corpo_max_bytes"),
            requisicaoMaxS: try values.integer("http.requisicao_max_s"),
            ociosaMaxS: try values.integer("http.ociosa_max_s"),
            conexoesMax: try values.integer("http.conexoes_max"),
            pedidosMax: try values.integer("http.pedidos_max"),
            taxa: try Self.taxa(values),
            origensCORS: try Self.origensCORS(values),
            tls: try Self.tls(values)
        )
    }

    private static func tls(_ values: ConfigurationValues) throws(ConfigurationError) -> TLS? {
        switch (values.text("http.tls.certificado"), values.text("http.tls.chave")) {
        case (nil, nil): return nil
        case (let certificado?, let chave?): return TLS(certificado: certificado, chave: chave)
        default: throw .contradiction(values.key("http.tls.certificado"), "aceita-se junto com http.tls.chave, ou nenhum dos dois")
        }
    }

    private static func taxa(_ values: ConfigurationValues) throws(ConfigurationError) -> RateLimit? {
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

    private static func origensCORS(_ values: ConfigurationValues) throws(ConfigurationError) -> OrigensCORS {
        guard let text = values.text("http.cors.origens") else { return .nenhuma }
        guard let origens = OrigensCORS(parsing: text) else {
            throw .invalid(
                values.key("http.cors.origens"), value: text, from: "http.cors.origens",
                accepted: "origens exatas como https://app.example, sem barra no fim e em minúsculas, separadas por vírgulas, ou * sozinho")
        }
        return origens
    }

    /// Whether only this machine can reach the listener: 127.0.0.0/8, `::1` or the name `localhost`.
    package var isLoopback: Bool {
        if ["localhost", "::1"].contains(self.endereco) { return true }
        let parts = self.endereco.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
