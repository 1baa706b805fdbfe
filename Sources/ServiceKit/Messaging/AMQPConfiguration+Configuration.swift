package import AMQP

extension AMQPConfiguration {
    /// The broker as configured.
    /// - Parameter purpose: shown after the service's name in the broker's list of connections.
    /// - Throws: ``ConfigurationError`` if the address cannot be read.
    package init(_ broker: BrokerConfiguration, service: ServiceName, purpose: String) throws(ConfigurationError) {
        do throws(AMQPError) {
            try self.init(url: broker.url.revealed, connectionName: "\(service.rawValue) \(purpose)")
        } catch {
            throw .unreadableAddress(
                "\(service.rawValue).amqp.url",
                accepted: "amqps://usuário:senha@host:porta/vhost ou amqp://…, com os caracteres especiais em %")
        }
        guard self.tls != nil else { return }
        let files = broker.tls
        self.tls = AMQPTLS(
            authoritiesFile: files.ca,
            ownCertificate: files.certificado.flatMap { certificado in
                files.chave.map { AMQPTLS.OwnCertificate(certificateFile: certificado, keyFile: $0) }
            })
    }
}
