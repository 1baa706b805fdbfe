import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import OpenFiles
import Testing

@testable import Edge

/// Clients that open connections and then do nothing useful keep nobody else out.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SlowConnectionsTests {
    private static let connectionsMax = 150
    private static let slowConnections = 300
    /// Far below `endsByItselfS`. `ConnectionsTests` holds the promise of 1 s.
    private static let answerMax: Duration = .seconds(60)
    /// After this time a useless connection ends by itself.
    private static let endsByItselfS = 600

    @Test(arguments: [
        "", "GET /open HTTP/1.1\r\nHost: h\r\nX-Half: ", LiveServerTests.get,
        "POST /v1/lancamentos HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\n{",
    ])
    func `others are served meanwhile, on connections that were there before and on new ones`(sends: String) async throws {
        // Both ends are in this process.
        try #require(OpenFiles.raiseLimit() >= 2000, "too few descriptors for this test")
        var fixture = EdgeFixture()
        fixture.settings.connectionsMax = Self.connectionsMax
        fixture.settings.idleMaxS = Self.endsByItselfS
        fixture.settings.requestMaxS = Self.endsByItselfS
        try await fixture.serve { port in
            var configuration = HTTPClient.Configuration()
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1
            try await HTTPClient.withHTTPClient(configuration: configuration) { client in
                // On the one connection that it opened first and keeps.
                func ask() async throws -> Bool {
                    let response = try await client.execute(HTTPClientRequest(url: "http://127.0.0.1:\(port)/open"), timeout: .seconds(60))
                    return try await response.body.collect(upTo: 65_536).readableBytes > 0 && response.status == .ok
                }
                #expect(try await ask())
                let slow = try await Self.open(port: port, sends: sends, meanwhile: ask)
                for _ in 0..<5 {
                    #expect(try await ask())
                    for channel in slow.suffix(20) where channel.isActive { channel.writeAndFlush(ByteBuffer(string: "x"), promise: nil) }
                    let start = ContinuousClock.now
                    let newcomer = try await RawConnection.exchange(port: port, [LiveServerTests.get], until: { $0.contains("200") })
                    #expect(newcomer.text.hasPrefix("HTTP/1.1 200"))
                    #expect(.now - start < Self.answerMax, "answered after \(ContinuousClock.now - start)")
                }
                let open = slow.count(where: \.isActive)
                #expect(open < Self.connectionsMax)
                for channel in slow { channel.close(promise: nil) }
            }
        }
    }

    private static func open(port: Int, sends: String, meanwhile ask: () async throws -> Bool) async throws -> [any Channel] {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        var channels: [any Channel] = []
        for number in 0..<self.slowConnections {
            let channel = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
            if !sends.isEmpty { channel.writeAndFlush(ByteBuffer(string: sends), promise: nil) }
            channels.append(channel)
            if number.isMultiple(of: 50) { #expect(try await ask()) }
        }
        return channels
    }
}
