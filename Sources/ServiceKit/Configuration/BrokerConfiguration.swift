/// The broker.
package struct BrokerConfiguration: Sendable {
    /// `amqp://…` or `amqps://…`, with the password in it.
    package let url: Secret

    package init(url: Secret) {
        self.url = url
    }
}
