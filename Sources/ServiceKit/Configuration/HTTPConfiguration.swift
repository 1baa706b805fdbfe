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

    package init(
        endereco: String = "127.0.0.1", porta: Int = 0, corpoMaxBytes: Int = 65_536, requisicaoMaxS: Int = 30, ociosaMaxS: Int = 60,
        conexoesMax: Int = 900
    ) {
        self.endereco = endereco
        self.porta = porta
        self.corpoMaxBytes = corpoMaxBytes
        self.requisicaoMaxS = requisicaoMaxS
        self.ociosaMaxS = ociosaMaxS
        self.conexoesMax = conexoesMax
    }

    init(_ values: ConfigurationValues) throws(ConfigurationError) {
        let name = values.service.rawValue
        self.init(
            endereco: try values.required("\(name).endereco"),
            porta: try values.integer("\(name).porta"),
            corpoMaxBytes: try values.integer("http.corpo_max_bytes"),
            requisicaoMaxS: try values.integer("http.requisicao_max_s"),
            ociosaMaxS: try values.integer("http.ociosa_max_s"),
            conexoesMax: try values.integer("http.conexoes_max")
        )
    }

    /// Whether only this machine can reach the listener: 127.0.0.0/8, `::1` or the name `localhost`.
    package var isLoopback: Bool {
        if ["localhost", "::1"].contains(self.endereco) { return true }
        let parts = self.endereco.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
