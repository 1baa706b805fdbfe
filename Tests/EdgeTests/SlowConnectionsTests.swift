import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import OpenFiles
import Testing

@testable import Edge

/// A thousand clients that open connections and then do nothing useful cost the others nothing but a wait.
@Suite(.timeLimit(.minutes(1))) struct SlowConnectionsTests {
    private static let slowConnections = 1000

    @Test func othersAreServedMeanwhileAndAfter() async throws {
        // Both ends are in this process, so that the soft limit of many systems would not do.
        try #require(OpenFiles.raiseLimit() >= 3000, "too few descriptors for this test")
        var fixture = EdgeFixture()
        fixture.settings.idleMaxS = 3
        try await fixture.serve { port in
            var configuration = HTTPClient.Configuration()
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1
            try await HTTPClient.withHTTPClient(configuration: configuration) { client in
                // On the one connection that it opened first and keeps.
                func ask() async throws -> Bool {
                    let response = try await client.execute(HTTPClientRequest(url: "http://127.0.0.1:\(port)/open"), timeout: .seconds(2))
                    return try await response.body.collect(upTo: 65_536).readableBytes > 0 && response.status == .ok
                }
                #expect(try await ask())
                let slow = try await Self.open(port: port)
                // More than the limit are open, as far as their clients can tell; whoever was there before is served all the same.
                #expect(slow.count == Self.slowConnections)
                #expect(try await ask())
                // One more waits until the slow ones have been sent away, those who go on dripping included.
                async let newcomer = RawConnection.exchange(port: port, [LiveServerTests.get], until: { $0.contains("HTTP/1.1 200") })
                for _ in 0..<20 {
                    #expect(try await ask())
                    for channel in slow.prefix(50) where channel.isActive { channel.writeAndFlush(ByteBuffer(string: "x"), promise: nil) }
                    try await Task.sleep(for: .milliseconds(100))
                }
                #expect(try await newcomer.text.hasPrefix("HTTP/1.1 200"))
                for channel in slow { channel.close(promise: nil) }
            }
        }
    }

    /// Half a request each: its head never ends.
    private static func open(port: Int) async throws -> [any Channel] {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        var channels: [any Channel] = []
        for _ in 0..<self.slowConnections {
            let channel = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
            channel.writeAndFlush(ByteBuffer(string: "GET /open HTTP/1.1\r\nHost: h\r\nX-Half: "), promise: nil)
            channels.append(channel)
        }
        return channels
    }
}
