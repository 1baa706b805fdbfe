import Batching
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// HTTP/1 connections whose requests are handled on the thread of their event loop. Handlers suspend and never block.
struct EdgeChannel: HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let pace: RequestPace
    let limit: ConnectionLimit
    let responder: Responder

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try Self.addHandlers(to: channel.pipeline.syncOperations, ConnectionHandler(self.pace, limit: self.limit))
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    /// Adds what turns bytes into requests, and answers into bytes.
    static func addHandlers(to pipeline: ChannelPipeline.SynchronousOperations, _ connection: ConnectionHandler) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = HTTPServer.headersMaxBytes / 2
        limits.maxHeaderListSize = HTTPServer.headersMaxBytes
        limits.maxHeaderFieldCount = HTTPServer.headersMaxCount
        // Pipelined requests wait in the asynchronous channel; Hummingbird answers the parser's errors; HTTPTypes checks headers.
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
            withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
        try pipeline.addHandler(connection)
    }

    func handle(value: Value, logger: Logger) async {
        await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
            await self.handleHTTP(asyncChannel: value, logger: logger)
        }
    }
}
