import AMQP
import Lancamentos
import Logging
import Mensageria
import Repair
import ServiceRuntime
import Settings

/// Sends events of entries as the service does, for tools.
struct EventSender {
    /// Run it as long as events are sent.
    let publisher: ConfirmedPublisher
    let events: AMQPEventPublisher
    private let broker: ToolBroker
    private let observer = ToolBrokerObserver()

    /// - Parameter queue: the only queue that receives the events; nil sends them to the exchange.
    init(_ values: SettingValues, queue: String?, logger: Logger) throws(SettingsError) {
        let configuration = try AMQPConfiguration(BrokerSettings(values), purpose: "repair")
        let publisher = ConfirmedPublisher(
            configuration: configuration, topology: queue == nil ? .lancamentosRegistrados : AMQPTopology(), logger: logger,
            observer: self.observer)
        self.publisher = publisher
        self.broker = ToolBroker(publisher: publisher)
        self.events = AMQPEventPublisher(
            publisher: self.broker, isReady: { publisher.isReady }, user: configuration.user,
            urlPublica: try ServiceSettings.urlPublica(values), queue: queue, logger: logger)
    }

    /// - Throws: ``ToolFailure`` if the broker cannot be reached.
    func waitForBroker() async throws {
        guard try await self.broker.isReachable() else {
            throw ToolFailure("the broker cannot be reached: \(self.observer.reason ?? "no answer")")
        }
    }
}
