package import NIOCore
import NIOPosix

/// Bytes over TCP, to send what no HTTP client sends.
package enum RawHTTP {
    /// A connection under the control of the test.
    /// - Parameter receiveBufferBytes: what the kernel accepts before the test reads; nil: as much as it likes, which may be megabytes.
    package static func connect(port: Int, receiveBufferBytes: Int? = nil) async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            // An early answer must not end the sending.
            .channelOption(.allowRemoteHalfClosure, value: true)
        if let bytes = receiveBufferBytes {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: SocketOptionValue(bytes))
        }
        return try await bootstrap.connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    }

    /// Sends something on a connection and leaves it open.
    package static func open(port: Int, sending text: String) async throws -> any Channel {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port).get()
        if !text.isEmpty { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
        return channel
    }

    /// Sends everything before it reads anything, then reads until the server closes.
    /// - Returns: everything received.
    package static func sendAllThenRead(port: Int, _ pieces: [String]) async throws -> String {
        try await self.connect(port: port).executeThenClose { inbound, outbound in
            for piece in pieces { try await outbound.write(ByteBuffer(string: piece)) }
            var received = ByteBuffer()
            for try await buffer in inbound { received.writeImmutableBuffer(buffer) }
            return String(buffer: received)
        }
    }

    /// Sends the first piece, then the second one repeatedly until the server closes.
    /// - Returns: whether it did within the time.
    package static func isClosed(port: Int, _ first: String, thenRepeating piece: String, within time: Duration) async throws -> Bool {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port).get()
        let deadline = ContinuousClock.now + time
        do {
            try await channel.writeAndFlush(ByteBuffer(string: first))
            while .now < deadline { try await channel.writeAndFlush(ByteBuffer(string: piece)) }
        } catch {
            return true
        }
        try await channel.close()
        return false
    }
}
