package import AMQP
package import Logging
import Metrics

/// Logs and measures the state of the publisher's connection.
package struct PublisherMonitor: PublisherObserver {
    private let logger: Logger
    private let blocked = Gauge(label: "publisher_blocked")

    package init(logger: Logger) {
        self.logger = logger
    }

    package func publisherConnected(to endpoint: AMQPEndpoint) {
        self.blocked.record(0)
        self.logger.info("broker connected", metadata: ["broker": "\(endpoint.host):\(endpoint.port)"])
    }

    package func publisherDisconnected(_ error: AMQPError) {
        self.blocked.record(0)
        self.logger.warning("broker away, events wait in the outbox", metadata: ["error": "\(error)"])
    }

    package func publisherBlocked(reason: String) {
        self.blocked.record(1)
        self.logger.warning("broker blocks publishers, events wait", metadata: ["reason": "\(reason)"])
    }

    package func publisherUnblocked() {
        self.blocked.record(0)
        self.logger.info("broker accepts events again")
    }
}
