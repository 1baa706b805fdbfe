import FluxoDeCaixa

/// Everything that one service reads from outside, checked and typed. Made once at start.
package struct Configuration: Sendable {
    package let service: ServiceName
    /// Public base address, without a slash at the end.
    package let urlPublica: String
    /// The business calendar in the configured time zone (`fuso`).
    package let calendario: BusinessCalendar
    package let log: LogConfiguration
    package let auth: AuthConfiguration
    package let http: HTTPConfiguration
    /// Longest graceful shutdown, in seconds.
    package let encerramentoMaxS: Int
    package let banco: BancoConfiguration
    package let amqp: BrokerConfiguration
    /// Of the other service: the built-in defaults.
    package let lancamentos: LancamentosConfiguration
    /// Of the other service: the built-in defaults.
    package let consolidado: ConsolidadoConfiguration

    /// Reads and checks what `serve` needs.
    ///
    /// Built-in defaults are overridden by the YAML file, the file by variables `FLUXO_…`; a secret may also come from
    /// the file that `FLUXO_…_FILE` names.
    ///
    /// - Parameters:
    ///   - file: a YAML file that must exist; `nil`: `config/<service>.yaml` of the working folder, if there is one.
    ///   - environment: all variables of the process; names without the prefix are ignored.
    /// - Throws: the first fault found, as one line.
    package static func load(
        service: ServiceName, file: String? = nil, environment: [String: String]
    ) async throws(ConfigurationError) -> Configuration {
        try Configuration(await ConfigurationValues(service: service, file: file, environment: environment))
    }

    init(_ values: ConfigurationValues) throws(ConfigurationError) {
        let service = values.service
        let http = try HTTPConfiguration(values)
        self.service = service
        self.urlPublica = try Self.withoutTrailingSlash(values.required("url_publica"))
        self.calendario = try BusinessCalendar(values)
        self.log = try LogConfiguration(values)
        self.auth = try AuthConfiguration(values, endereco: http.endereco)
        self.http = http
        self.encerramentoMaxS = try values.integer("encerramento_max_s")
        self.banco = try BancoConfiguration(values)
        self.amqp = try BrokerConfiguration(values)
        self.lancamentos = service == .lancamentos ? try LancamentosConfiguration(values) : LancamentosConfiguration()
        self.consolidado = service == .consolidado ? try ConsolidadoConfiguration(values) : ConsolidadoConfiguration()
    }

    private static func withoutTrailingSlash(_ url: String) -> String {
        var url = url[...]
        while url.hasSuffix("/") { url.removeLast() }
        return String(url)
    }
}

/// What `migrate` needs: the database and nothing else, so that a migration job holds no other secret.
package struct MigrateConfiguration: Sendable {
    package let log: LogConfiguration
    package let banco: BancoConfiguration

    /// - Throws: the first fault found, as one line; see ``Configuration/load(service:file:environment:)``.
    package static func load(
        service: ServiceName, file: String? = nil, environment: [String: String]
    ) async throws(ConfigurationError) -> MigrateConfiguration {
        let values = try await ConfigurationValues(service: service, file: file, environment: environment)
        return MigrateConfiguration(log: try LogConfiguration(values), banco: try BancoConfiguration(values))
    }
}

/// What `saude` needs: where the instance listens.
package struct SaudeConfiguration: Sendable {
    package let endereco: String
    package let porta: Int
    package let isHTTPS: Bool

    package init(endereco: String, porta: Int, isHTTPS: Bool = false) {
        self.endereco = endereco
        self.porta = porta
        self.isHTTPS = isHTTPS
    }

    /// - Throws: the first fault found, as one line; see ``Configuration/load(service:file:environment:)``.
    package static func load(
        service: ServiceName, file: String? = nil, environment: [String: String]
    ) async throws(ConfigurationError) -> SaudeConfiguration {
        let values = try await ConfigurationValues(service: service, file: file, environment: environment)
        let http = try HTTPConfiguration(values)
        return SaudeConfiguration(endereco: http.endereco, porta: http.porta, isHTTPS: http.tls != nil)
    }
}
