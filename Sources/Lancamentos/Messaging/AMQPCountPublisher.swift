package import AMQP
package import Contrato

/// Sends counts of registered entries to the consolidation's queue alone, each in a header of a copy of an event.
///
/// A copy is what every version of the consolidation accepts, also one that does not know the header: it has applied the event before.
package struct AMQPCountPublisher: CountPublisher {
    /// The longest wait for a connection and a confirm. A count that was not sent by then is made again: it would be old.
    private static let sendMax: Duration = .seconds(5)

    private let events: AMQPEventPublisher
    private let publisher: ConfirmedPublisher

    /// - Parameters:
    ///   - events: makes the copies.
    ///   - publisher: sends them, on the connection of the events.
    package init(events: AMQPEventPublisher, publisher: ConfirmedPublisher) {
        self.events = events
        self.publisher = publisher
    }

    package var isReady: Bool { self.publisher.isReady }

    package func publish(_ conferencia: Conferencia, with event: Registration) async -> Bool {
        let message = self.events.message(event, with: conferencia)
        return await self.publisher.publish([message], deadline: .now + Self.sendMax) == [.confirmed]
    }
}

extension AMQPEventPublisher {
    /// A copy of an event for the consolidation's queue alone.
    func message(_ event: Registration, with conferencia: Conferencia) -> AMQPMessage {
        var message = self.message(event)
        message.exchange = ""
        message.routingKey = AMQPNames.Queue.consolidado
        var headers = message.properties.headers ?? AMQPTable()
        headers[AMQPNames.Header.conferencia] = .string(conferencia.encode())
        message.properties.headers = headers
        return message
    }
}
