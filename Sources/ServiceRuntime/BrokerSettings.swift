package import AMQP
package import Settings

/// The broker.
package struct BrokerSettings: Sendable {
    /// The service's name.
    package let service: String
    /// `amqp://…` or `amqps://…`, with the password.
    package let url: Secret
    /// Files that `amqps://` uses.
    package let tls: TLS

    /// Files in PEM.
    package struct TLS: Sendable, Equatable {
        /// The trusted CAs; `nil`: the system's.
        package var authorities: String?
        /// The service's own certificate and its key: both or neither.
        package var certificate: String?
        package var key: String?
    }

    /// The keys that both services share.
    package static let sharedKeys = [
        SettingKey("amqp.tls.ca", .text), SettingKey("amqp.tls.certificado", .text), SettingKey("amqp.tls.chave", .text),
    ]

    package static func keys(of service: String) -> [SettingKey] {
        [SettingKey("\(service).amqp.url", .url(schemes: ["amqps", "amqp"]), secret: true)]
    }

    package init(_ values: SettingValues) throws(SettingsError) {
        let name = "\(values.service).amqp.url"
        let url = try values.required(name)
        let isEncrypted = url.lowercased().hasPrefix("amqps://")
        func file(_ key: String) throws(SettingsError) -> String? {
            guard let path = values.text(key) else { return nil }
            guard isEncrypted else {
                throw .contradiction(values.key(key), "foi dado, mas \(name) é amqp://…, sem TLS; aceita-se amqps://…")
            }
            return try values.readableFile(key, path)
        }
        let tls = TLS(
            authorities: try file("amqp.tls.ca"), certificate: try file("amqp.tls.certificado"), key: try file("amqp.tls.chave"))
        if (tls.certificate == nil) != (tls.key == nil) {
            throw .contradiction(values.key("amqp.tls.certificado"), "aceita-se junto com amqp.tls.chave, ou nenhum dos dois")
        }
        self.service = values.service
        self.url = Secret(url)
        self.tls = tls
    }
}

extension AMQPConfiguration {
    /// The broker as configured.
    /// - Parameter purpose: shown after the service's name in the broker's list of connections.
    /// - Throws: ``SettingsError`` if the address is malformed.
    package init(_ settings: BrokerSettings, purpose: String) throws(SettingsError) {
        do throws(AMQPError) {
            try self.init(url: settings.url.revealed, connectionName: "\(settings.service) \(purpose)")
        } catch {
            throw .unreadableAddress(
                "\(settings.service).amqp.url",
                accepted: "amqps://usuário:senha@host:porta/vhost ou amqp://…, com os caracteres especiais em %")
        }
        guard self.tls != nil else { return }
        let files = settings.tls
        self.tls = AMQPTLS(
            authoritiesFile: files.authorities,
            ownCertificate: files.certificate.flatMap { certificate in
                files.key.map { AMQPTLS.OwnCertificate(certificateFile: certificate, keyFile: $0) }
            })
    }
}
