import Foundation

/// The broker.
package struct BrokerConfiguration: Sendable {
    /// `amqp://…` or `amqps://…`, with the password in it.
    package let url: Secret
    /// What `amqps://` asks for besides.
    package let tls: TLS

    /// Files in PEM.
    package struct TLS: Sendable, Equatable {
        /// The authorities that are believed; `nil`: the system's.
        package let ca: String?
        /// The service's own certificate and its key: both or neither.
        package let certificado: String?
        package let chave: String?

        package init(ca: String? = nil, certificado: String? = nil, chave: String? = nil) {
            self.ca = ca
            self.certificado = certificado
            self.chave = chave
        }
    }

    package init(url: Secret, tls: TLS = TLS()) {
        self.url = url
        self.tls = tls
    }

    init(_ values: ConfigurationValues) throws(ConfigurationError) {
        let name = "\(values.service.rawValue).amqp.url"
        let url = try values.required(name)
        let isEncrypted = url.lowercased().hasPrefix("amqps://")
        func file(_ key: String) throws(ConfigurationError) -> String? {
            guard let path = values.text(key) else { return nil }
            guard isEncrypted else {
                throw .contradiction(values.key(key), "foi dado, mas \(name) é amqp://…, sem TLS; aceita-se amqps://…")
            }
            return try values.readableFile(key, path)
        }
        let tls = TLS(
            ca: try file("amqp.tls.ca"), certificado: try file("amqp.tls.certificado"), chave: try file("amqp.tls.chave"))
        if (tls.certificado == nil) != (tls.chave == nil) {
            throw .contradiction(values.key("amqp.tls.certificado"), "aceita-se junto com amqp.tls.chave, ou nenhum dos dois")
        }
        self.init(url: Secret(url), tls: tls)
    }
}
