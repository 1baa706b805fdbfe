import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import ServiceKit

@Suite struct OverloadHandlerTests {
    private static func request(_ path: String) -> HTTPRequest {
        HTTPRequest(method: .post, scheme: "http", authority: "x", path: path)
    }

    /// Refuses what asks for `/many`.
    private func connection() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(
            OverloadHandler { head in
                head.path == "/many" ? (HTTPResponse(status: .serviceUnavailable), ByteBuffer(string: "too many")) : nil
            })
        return channel
    }

    private func send(_ path: String, body: String, to channel: EmbeddedChannel) throws {
        try channel.writeInbound(HTTPRequestPart.head(Self.request(path)))
        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: body)))
        #expect(try channel.readOutbound(as: HTTPResponsePart.self) == nil, "answered before the request has ended")
        try channel.writeInbound(HTTPRequestPart.end(nil))
    }

    private static func parts<Part>(_ next: () throws -> Part?) rethrows -> [Part] {
        var parts: [Part] = []
        while let part = try next() { parts.append(part) }
        return parts
    }

    @Test func `what is too many is answered here and goes no further`() throws {
        let channel = try self.connection()
        for _ in 0..<2 {
            try self.send("/many", body: "{}", to: channel)
            let written = try Self.parts { try channel.readOutbound(as: HTTPResponsePart.self) }
            #expect(
                written == [
                    .head(HTTPResponse(status: .serviceUnavailable)), .body(ByteBuffer(string: "too many")), .end(nil),
                ])
        }
        #expect(try channel.readInbound(as: HTTPRequestPart.self) == nil)
    }

    @Test func `the rest passes, and nothing overtakes its answer`() throws {
        let channel = try self.connection()
        try self.send("/few", body: "1", to: channel)
        try self.send("/many", body: "2", to: channel)
        #expect(try Self.parts { try channel.readInbound(as: HTTPRequestPart.self) }.count == 6)
        for _ in 0..<2 {
            try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
            try channel.writeOutbound(HTTPResponsePart.end(nil))
        }
        #expect(try Self.parts { try channel.readOutbound(as: HTTPResponsePart.self) }.count == 4)
        try self.send("/many", body: "3", to: channel)
        #expect(try Self.parts { try channel.readOutbound(as: HTTPResponsePart.self) }.count == 3)
    }
}
