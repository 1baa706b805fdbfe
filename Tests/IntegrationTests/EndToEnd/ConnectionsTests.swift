import NIOCore
import TestSupport
import Testing

/// Many connections, and connections that end.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct ConnectionsTests {
    private static let post =
        "POST /v1/lancamentos HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
    private static let get = "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"

    @Test func `2,000 useless connections keep no newcomer and no probe out`() async throws {
        try await Stack.with(consolidados: 0) { stack in
            let instance = stack.lancamentos
            var clients: [any Channel] = []
            // Silent, half a head, idle after an answer, a body that does not arrive.
            for sends in ["", "GET /livez HTTP/1.1\r\nHo", Self.get, Self.post] {
                for _ in 0..<500 {
                    clients.append(try await RawHTTP.open(port: instance.port, sending: sends))
                }
                // The first answer arrives when the crowd is accepted, which takes a sanitized process a while; the promise holds from then on.
                for (path, max) in [("/livez", Duration.seconds(15)), ("/readyz", .seconds(1)), ("/livez", .seconds(1))] {
                    let (text, time) = try await timed {
                        try await RawHTTP.sendAllThenRead(
                            port: instance.port, ["GET \(path) HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"])
                    }
                    #expect(text.hasPrefix("HTTP/1.1 200") && text.contains("onnection: close"), "\(text)")
                    #expect(time < max, "\(path) answered after \(time)")
                }
            }
            try await instance.health()
            // Two more than the limit were needed for each pair of probes, so that some of them are gone.
            #expect(clients.count { $0.isActive } < 2000)
            for client in clients { client.close(promise: nil) }
        }
    }

    @Test func `when descriptors run out, unused connections are closed for newcomers`() async throws {
        try await Stack.with(consolidados: 0) { stack in
            let instance = stack.lancamentos
            // Its own need is a part of these; the service expects as many as it had at start.
            try await instance.limitOpenFiles(150)
            var clients: [any Channel] = []
            for _ in 0..<400 { clients.append(try await RawHTTP.open(port: instance.port, sending: "")) }
            for _ in 0..<3 {
                let (text, time) = try await timed {
                    try await RawHTTP.sendAllThenRead(port: instance.port, ["GET /livez HTTP/1.0\r\n\r\n"])
                }
                #expect(text.hasPrefix("HTTP/1.0 200"))
                #expect(time < .seconds(1), "answered after \(time)")
            }
            for client in clients { client.close(promise: nil) }
        }
    }

    @Test func `a kept connection serves one more request after SIGTERM, and reads that it ends`() async throws {
        try await Stack.with(consolidados: 0) { stack in
            let client = try await RawHTTP.connect(port: stack.lancamentos.port)
            let terminated: Int32 = try await client.executeThenClose { inbound, outbound in
                var answers = inbound.makeAsyncIterator()
                try await outbound.write(ByteBuffer(string: Self.get))
                let before = String(buffer: try await answers.next() ?? ByteBuffer())
                #expect(before.hasPrefix("HTTP/1.1 200") && !before.contains("onnection: close"), "\(before)")
                async let status = stack.lancamentos.terminate()
                try await Self.waitUntilRefused(port: stack.lancamentos.port)
                try await outbound.write(ByteBuffer(string: Self.get))
                let after = String(buffer: try await answers.next() ?? ByteBuffer())
                #expect(after.hasPrefix("HTTP/1.1 200") && after.contains("onnection: close"), "\(after)")
                #expect(try await answers.next() == nil)
                outbound.finish()
                return await status
            }
            #expect(terminated == 0)
        }
    }

    /// The shutdown has reached the listener.
    private static func waitUntilRefused(port: Int) async throws {
        for _ in 0..<500 {
            guard let client = try? await RawHTTP.open(port: port, sending: "") else { return }
            try? await client.close()
            try await Task.sleep(for: .milliseconds(5))
        }
        throw TestFailure("the listener stayed open")
    }
}
