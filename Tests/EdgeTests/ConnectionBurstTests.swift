import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import OpenFiles
import Testing

@testable import Edge

/// Many connections that come while the service has no time to accept them.
@Suite struct ConnectionBurstTests {
    /// More than the usual length of such a queue, 256.
    private static let connections = 400

    /// What the kernel lets wait for any service.
    private static var kernelLetsThemWait: Bool {
        let text = try? String(contentsOfFile: "/proc/sys/net/core/somaxconn", encoding: .utf8)
        return Int(text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "") ?? 0 >= self.connections
    }

    @Test(.enabled(if: kernelLetsThemWait, "net.core.somaxconn is below \(connections)"))
    func burstWaitsAndIsAcceptedInFewTurns() async throws {
        OpenFiles.raiseLimit()
        let clients = NIOLockedValueBox<[any Channel]>([])
        let perTurn = NIOLockedValueBox<UInt?>(nil)
        try await EdgeFixture().serve(beforeAccepting: { server in
            for _ in 0..<Self.connections {
                // What the kernel drops is tried again for 10 s, in vain.
                let connecting = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: "127.0.0.1", port: server.localAddress?.port ?? 0)
                guard let client = try? await connecting.get() else { break }
                clients.withLockedValue { $0.append(client) }
            }
            let turn = try? await server.getOption(.maxMessagesPerRead).get()
            perTurn.withLockedValue { $0 = turn }
        }) { port in
            // Behind all the others.
            let answer = try await RawConnection.exchange(port: port, [LiveServerTests.get]) { $0.contains("200") }
            #expect(answer.text.hasPrefix("HTTP/1.1 200"))
        }
        let connected = clients.withLockedValue(\.self)
        #expect(connected.count == Self.connections)
        #expect(perTurn.withLockedValue(\.self) == UInt(HTTPServer.connectionsPerTurnMax))
        for client in connected { try? await client.close() }
    }
}
