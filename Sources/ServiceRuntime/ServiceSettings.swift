package import Access
package import Edge
package import Observability
package import Settings

/// What every service reads from outside, checked and typed. Read once at start.
package struct ServiceSettings: Sendable {
    /// Public base address, without a slash at the end.
    package let urlPublica: String
    /// The business calendar in the configured time zone (`fuso`).
    package let calendario: BusinessCalendar
    package let log: LogSettings
    package let auth: AuthSettings
    package let http: HTTPSettings
    /// Longest graceful shutdown, in seconds.
    package let shutdownMaxS: Int
    package let database: DatabaseSettings
    package let broker: BrokerSettings

    /// The keys of these settings, in the order of the YAML files.
    package static func keys(of service: String, defaultPort: Int) -> [SettingKey] {
        let general = [
            SettingKey("url_publica", .url(schemes: ["http", "https"]), default: "http://localhost:8080"),
            SettingKey("fuso", .timeZone, default: "America/Sao_Paulo"),
        ]
        let shutdown = SettingKey("encerramento_max_s", .integer(1...600), unit: "s", default: "20")
        let shared = general + LogSettings.keys + AuthSettings.keys + HTTPSettings.sharedKeys + BrokerSettings.sharedKeys + [shutdown]
        return shared + HTTPSettings.listenerKeys(of: service, defaultPort: defaultPort) + DatabaseSettings.keys(of: service)
            + BrokerSettings.keys(of: service)
    }

    package init(_ values: SettingValues) throws(SettingsError) {
        let http = try HTTPSettings(values)
        self.urlPublica = try Self.urlPublica(values)
        self.calendario = try BusinessCalendar(values)
        self.log = try LogSettings(values)
        self.auth = try AuthSettings(values, address: http.address, isLoopback: http.isLoopback)
        self.http = http
        self.shutdownMaxS = try values.integer("encerramento_max_s")
        self.database = try DatabaseSettings(values)
        self.broker = try BrokerSettings(values)
    }

    /// The public base address, without a slash at the end.
    package static func urlPublica(_ values: SettingValues) throws(SettingsError) -> String {
        var url = try values.required("url_publica")[...]
        while url.hasSuffix("/") { url.removeLast() }
        return String(url)
    }
}
