import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Bytes over TCP, for what no HTTP client would send.
struct RawConnection {
    private let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// Sends each piece, with `halfCloses` then the end of the stream, and reads until `enough` or until the server closes; answers all that came.
    static func exchange(
        port: Int, _ pieces: [String], halfCloses: Bool = false, until enough: @escaping @Sendable (String) -> Bool = { _ in false }
    ) async throws -> (text: String, closed: Bool) {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            for piece in pieces { try await outbound.write(ByteBuffer(string: piece)) }
            if halfCloses { outbound.finish() }
            var text = ""
            for try await buffer in inbound {
                text += String(buffer: buffer)
                if enough(text) { return (text, false) }
            }
            return (text, true)
        }
    }
}

extension EdgeFixture {
    /// Runs the service on a free port for as long as `body` runs.
    /// - Parameter beforeAccepting: runs while the service listens and accepts nothing yet.
    func serve<Value: Sendable>(
        beforeAccepting: @escaping @Sendable (any Channel) async -> Void = { _ in }, _ body: @Sendable (Int) async throws -> Value
    ) async throws -> Value {
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let application = try await self.application { channel in
            await beforeAccepting(channel)
            continuation.yield(channel.localAddress?.port ?? 0)
        }
        let certificate = [self.certificate].compactMap(\.self)
        let group = ServiceGroup(configuration: .init(services: certificate + [application], logger: Self.silent))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { throw UnforeseenError() }
            do {
                let value = try await body(port)
                await group.triggerGracefulShutdown()
                return value
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
        }
    }
}

extension String {
    /// The parts between the separators, without the text before the first.
    func components(of separator: String) -> [Substring] {
        Array(self.split(separator: separator, omittingEmptySubsequences: false).dropFirst())
    }
}
