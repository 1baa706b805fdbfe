import CRabbitMQ

/// The requests that this library makes. The broker answers each with one method, or `get` with a message; one is out at a time.
enum BrokerMethod: Equatable {
    case channelOpen
    case channelClose
    case confirmSelect
    case qos(prefetchMessages: UInt16)
    case exchangeDeclare(AMQPTopology.Exchange)
    case queueDeclare(AMQPTopology.Queue)
    case queueBind(AMQPTopology.Binding)
    case consume(queue: String, consumerTag: String)
    case cancel(consumerTag: String)
    case get(queue: String)

    /// The number (class << 16 | method) of the answer.
    var reply: Int {
        switch self {
        case .channelOpen: CRMQ_CHANNEL_OPEN_OK
        case .channelClose: CRMQ_CHANNEL_CLOSE_OK
        case .confirmSelect: CRMQ_CONFIRM_SELECT_OK
        case .qos: CRMQ_BASIC_QOS_OK
        case .exchangeDeclare: CRMQ_EXCHANGE_DECLARE_OK
        case .queueDeclare: CRMQ_QUEUE_DECLARE_OK
        case .queueBind: CRMQ_QUEUE_BIND_OK
        case .consume: CRMQ_BASIC_CONSUME_OK
        case .cancel: CRMQ_BASIC_CANCEL_OK
        case .get: CRMQ_BASIC_GET_EMPTY
        }
    }
}

extension AMQPTopology {
    /// The requests that declare everything, in order.
    var declarations: [BrokerMethod] {
        self.exchanges.map { .exchangeDeclare($0) } + self.queues.map { .queueDeclare($0) } + self.bindings.map { .queueBind($0) }
    }
}
