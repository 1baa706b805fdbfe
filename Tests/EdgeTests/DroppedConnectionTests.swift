import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import Edge

@Suite(.timeLimit(.minutes(5))) struct DroppedConnectionTests {
    /// Defect: a connection that was set up while the listener closed ended the process.
    @Test func `a connection that nobody handles is closed`() async throws {
        let channel = NIOAsyncTestingChannel()
        try await channel.connect(to: SocketAddress(unixDomainSocketPath: "/x")).get()
        try await channel.testingEventLoop.executeInContext {
            _ = EdgeConnection(
                try NIOAsyncChannel(wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true)))
        }
        try await channel.closeFuture.get()
    }
}
