import HummingbirdCore
import Logging
import NIOCore

/// HTTP/1 connections whose requests are handled on the thread of their event loop.
///
/// Nothing in a handler blocks: what waits for the database or for other requests suspends.
struct EventLoopChannel: ServerChildChannel {
    let http1: HTTP1Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        self.http1.setup(channel: channel, logger: logger)
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
            await self.http1.handle(value: value, logger: logger)
        }
    }
}
