import Batching
import Hummingbird
import HummingbirdCore
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// HTTP/1 connections whose requests are handled on the thread of their event loop. Handlers suspend and never block.
struct EdgeChannel: HTTPChannelHandler {
    typealias Value = EdgeConnection

    let pace: RequestPace
    let limit: ConnectionLimit
    let responder: Responder

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try Self.addHandlers(to: channel.pipeline.syncOperations, ConnectionHandler(self.pace, limit: self.limit))
            return EdgeConnection(
                try NIOAsyncChannel(wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true)))
        }
    }

    /// Adds what turns bytes into requests, and answers into bytes.
    static func addHandlers(to pipeline: ChannelPipeline.SynchronousOperations, _ connection: ConnectionHandler) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = HTTPServer.headersMaxBytes / 2
        limits.maxHeaderListSize = HTTPServer.headersMaxBytes
        limits.maxHeaderFieldCount = HTTPServer.headersMaxCount
        // Pipelined requests wait in the asynchronous channel; Hummingbird answers the parser's errors.
        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: limits)))
        try pipeline.addHandler(connection)
    }

    func handle(value: Value, logger: Logger) async {
        await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
            guard let asyncChannel = value.take() else { return }
            await self.handleHTTP(asyncChannel: asyncChannel, logger: logger)
        }
    }
}

/// An accepted connection, which may be dropped without being handled.
///
/// That happens when the listener closes while a connection is being set up. NIO ends the process if its asynchronous channel is dropped.
final class EdgeConnection: ServerChildChannelValue {
    typealias AsyncChannel = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let channel: any Channel
    private let unhandled: NIOLockedValueBox<AsyncChannel?>

    init(_ asyncChannel: AsyncChannel) {
        self.channel = asyncChannel.channel
        self.unhandled = NIOLockedValueBox(asyncChannel)
    }

    deinit {
        guard let asyncChannel = self.take() else { return }
        // Unstructured: nobody is left to wait for it. It closes the connection.
        Task { try? await asyncChannel.executeThenClose { _, _ in } }
    }

    /// - Returns: `nil` from the second time on.
    func take() -> AsyncChannel? {
        self.unhandled.withLockedValue { asyncChannel in
            defer { asyncChannel = nil }
            return asyncChannel
        }
    }
}
