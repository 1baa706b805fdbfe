/// A frame from the broker, in values that outlive the C library's buffers.
enum BrokerFrame: Equatable {
    case deliver(DeliverMethod)
    case returned(ReturnMethod)
    case header(bodyBytes: UInt64, AMQPProperties)
    case body([UInt8])
    case ack(tag: UInt64, multiple: Bool)
    case nack(tag: UInt64, multiple: Bool)
    /// The broker ended a consumer.
    case cancel
    case blocked(reason: String)
    case unblocked
    case channelClose(AMQPError)
    case connectionClose(AMQPError)
    /// channel.flow, which RabbitMQ does not send since 2.8.
    case flow
    /// Another method: the number (class << 16 | method), as the answer to a request.
    case reply(Int)
    case heartbeat
}

struct DeliverMethod: Equatable {
    var number: UInt64
    var redelivered: Bool
    var exchange: String
    var routingKey: String
}

struct ReturnMethod: Equatable {
    var code: UInt16
    var text: String
}
