import Testing

@testable import AMQP

struct AMQPErrorTests {
    @Test func `the description has none of the broker's words`() {
        let error = AMQPError(.channelClosed, replyCode: 404, replyText: "no queue 'segredo'", classID: 60, methodID: 40)
        #expect("\(error)" == "AMQP: channelClosed, reply code 404, method 60.40")
        #expect("\(AMQPError(.connectionLost, replyText: "segredo"))" == "AMQP: connectionLost")
    }

    @Test func `knows which errors a retry can solve`() {
        #expect(AMQPError(.connectionLost).isRetriable)
        #expect(AMQPError(.refused).isRetriable)
        #expect(!AMQPError(.refused, replyCode: 403).isRetriable)
        #expect(!AMQPError(.channelClosed, replyCode: 406).isRetriable)
        #expect(AMQPError(.channelClosed, replyCode: 404).isRetriable)
        #expect(AMQPError(.connectionClosed, replyCode: 320).isRetriable)
        #expect(!AMQPError(.invalidMessage).isRetriable)
    }
}
