/// The service's own PostgreSQL database and its pool.
package struct BancoConfiguration: Sendable {
    /// `postgresql://…`, with the password in it.
    package let url: Secret
    /// Connections in the pool.
    package let conexoes: Int
    /// Longest wait for a free connection, in milliseconds.
    package let esperaMaxMs: Int
    /// `statement_timeout`, in milliseconds.
    package let instrucaoMaxMs: Int

    package init(url: Secret, conexoes: Int = 8, esperaMaxMs: Int = 2000, instrucaoMaxMs: Int = 5000) {
        self.url = url
        self.conexoes = conexoes
        self.esperaMaxMs = esperaMaxMs
        self.instrucaoMaxMs = instrucaoMaxMs
    }

    init(_ values: ConfigurationValues) throws(ConfigurationError) {
        let name = "\(values.service.rawValue).banco"
        self.init(
            url: Secret(try values.required("\(name).url")),
            conexoes: try values.integer("\(name).conexoes"),
            esperaMaxMs: try values.integer("\(name).espera_max_ms"),
            instrucaoMaxMs: try values.integer("\(name).instrucao_max_ms")
        )
    }
}
