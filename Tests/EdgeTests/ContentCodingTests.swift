import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOConcurrencyHelpers
import NIOCore
import SeededRandom
import Testing

@testable import Edge

@Suite struct ContentCodingTests {
    static let large = (0..<500).map { "{\"dia\":\($0),\"saldo\":\"\($0 * 37).00\"}" }.joined(separator: "\n")
    static let tag = "\"7-json\""

    static func reply(_ request: Request, _ body: ResponseBody, type: String = "application/json") -> Response {
        // What a handler with tags does, ours included: it compares by itself and knows no coding.
        if request.headers[.ifNoneMatch]?.contains(tag) == true || request.headers[.ifNoneMatch] == "*" {
            return Response(status: .notModified, headers: [.eTag: tag, .vary: "Accept"])
        }
        return Response(status: .ok, headers: [.contentType: type, .eTag: tag, .vary: "Accept"], body: body)
    }

    static let fixture: EdgeFixture = {
        var fixture = EdgeFixture()
        fixture.moreRoutes = [
            Route(.get, "/large", access: .open) { request, _ in Self.reply(request, ResponseBody(byteBuffer: ByteBuffer(string: large))) },
            Route(.post, "/large", access: .open) { request, _ in Self.reply(request, ResponseBody(byteBuffer: ByteBuffer(string: large)))
            },
            Route(.get, "/small", access: .open) { request, _ in Self.reply(request, ResponseBody(byteBuffer: ByteBuffer(string: "{}"))) },
            Route(.get, "/events", access: .open) { _, call in
                let blocks = NIOLockedValueBox<[[EventBlock]]>([[.comment("a"), EventBlock(event: "b", id: "7", data: Array(large.utf8))]])
                return call.eventStream { $0.send(blocks.withLockedValue { $0.popLast() }) }
            },
            Route(.get, "/weak", access: .open) { _, _ in
                Response(
                    status: .ok, headers: [.contentType: "application/json", .eTag: "W/\"7\""],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: large)))
            },
            Route(.get, "/lines", access: .open) { request, _ in Self.reply(request, Self.lines, type: "application/x-ndjson") },
            Route(.post, "/lines", access: .open) { request, _ in Self.reply(request, Self.lines, type: "application/x-ndjson") },
            Route(.get, "/coded", access: .open) { _, _ in
                Response(
                    status: .ok, headers: [.contentType: "application/json", .contentEncoding: "br"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: large)))
            },
        ]
        return fixture
    }()

    static let lines = ResponseBody { writer in
        for line in large.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            try await writer.write(ByteBuffer(string: (line.offset == 0 ? "" : "\n") + line.element))
        }
        try await writer.finish(nil)
    }

    static func send(_ method: HTTPRequest.Method, _ uri: String, _ headers: HTTPFields) async throws -> TestResponse {
        try await self.fixture.application().test(.router) { try await $0.execute(uri: uri, method: method, headers: headers) }
    }

    /// By the system's own gzip, not by the code under test.
    static func gunzip(_ bytes: ByteBuffer) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "fluxo-\(UUID().uuidString).gz")
        try Data(bytes.readableBytesView).write(to: file)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: file) } }
        let process = Process()
        process.executableURL = URL(filePath: "/bin/gzip")
        process.arguments = ["-dc", file.path()]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "gzip does not accept it")
        return String(decoding: text, as: UTF8.self)
    }

    // MARK: - What is coded

    @Test func largeAnswerIsCodedIfAskedFor() async throws {
        let plain = try await Self.send(.get, "/large", [:])
        #expect(plain.text == Self.large && plain.headers[.contentEncoding] == nil && plain.headers[.eTag] == Self.tag)
        let coded = try await Self.send(.get, "/large", [.acceptEncoding: "gzip, deflate, br"])
        #expect(coded.headers[.contentEncoding] == "gzip")
        #expect(coded.headers[.contentLength] == String(coded.body.readableBytes))
        #expect(coded.body.readableBytes < Self.large.utf8.count / 3)
        #expect(try Self.gunzip(coded.body) == Self.large)
        #expect(coded.headers[.eTag] == "\"7-json-gzip\"")
        for response in [plain, coded] { #expect(response.headers[.vary] == "Accept, Accept-Encoding") }
    }

    @Test func headHasTheHeadersOfGet() async throws {
        for (uri, headers) in [("/large", HTTPFields()), ("/large", [.acceptEncoding: "gzip"]), ("/lines", [.acceptEncoding: "gzip"])] {
            let (get, head) = (try await Self.send(.get, uri, headers), try await Self.send(.head, uri, headers))
            #expect(head.body.readableBytes == 0)
            for name in [HTTPField.Name.contentLength, .contentEncoding, .eTag, .vary, .contentType] {
                #expect(head.headers[name] == get.headers[name])
            }
        }
    }

    @Test func streamIsCodedAsAStream() async throws {
        let coded = try await Self.send(.get, "/lines", [.acceptEncoding: "gzip"])
        #expect(coded.headers[.contentEncoding] == "gzip" && coded.headers[.contentLength] == nil)
        #expect(try Self.gunzip(coded.body) == Self.large)
        // A lote is answered line by line; a compressor would hold lines back.
        let lote = try await Self.send(.post, "/lines", [.acceptEncoding: "gzip"])
        #expect(lote.headers[.contentEncoding] == nil && lote.text == Self.large)
    }

    @Test(.timeLimit(.minutes(5))) func `a stream of events is never coded`() async throws {
        for accepted in ["gzip", "gzip, identity;q=0", "identity"] {
            let head = "/events HTTP/1.1\r\nHost: h\r\nAccept-Encoding: \(accepted)\r\n"
            let text = try await Self.fixture.serve { port in
                try await RawConnection.exchange(port: port, ["HEAD \(head)\r\n", "GET \(head)Connection: close\r\n\r\n"]).text
            }
            let answers = text.components(of: "HTTP/1.1 200 OK\r\n")
            try #require(answers.count == 2, "\(text)")
            for answer in answers {
                let lines = answer.lowercased().split(separator: "\r\n\r\n")[0].split(separator: "\r\n")
                #expect(lines.contains("content-type: text/event-stream") && lines.contains("x-accel-buffering: no"), "\(lines)")
                #expect(lines.contains("cache-control: private, no-cache"), "\(lines)")
                #expect(!lines.contains { $0.hasPrefix("content-encoding:") }, "\(lines)")
            }
            #expect(answers[0].hasSuffix("\r\n\r\n"))
            let event = "id: 7\nevent: b\ndata: \(Self.large)\n\n"
            #expect(answers[1].hasSuffix("\r\n5\r\n: a\n\n\r\n\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n0\r\n\r\n"))
        }
    }

    @Test func theRestIsLeftAlone() async throws {
        let small = try await Self.send(.get, "/small", [.acceptEncoding: "gzip"])
        #expect(small.headers[.contentEncoding] == nil && small.headers[.eTag] == Self.tag && small.text == "{}")
        let other = try await Self.send(.get, "/coded", [.acceptEncoding: "gzip"])
        #expect(other.headers[.contentEncoding] == "br" && other.text == Self.large)
        let weak = try await Self.send(.get, "/weak", [.acceptEncoding: "gzip"])
        #expect(weak.headers[.contentEncoding] == "gzip" && weak.headers[.eTag] == "W/\"7\"")
        // A client that accepts nothing but gzip receives it for a small answer, too.
        let strict = try await Self.send(.get, "/small", [.acceptEncoding: "gzip, identity;q=0"])
        #expect(strict.headers[.contentEncoding] == "gzip")
        #expect(try Self.gunzip(strict.body) == "{}")
        let nothing = try await Self.send(.get, "/large", [.acceptEncoding: "*;q=0"])
        #expect(nothing.status == .ok && nothing.text == Self.large)
    }

    // MARK: - Tags

    @Test func codedTagMatches() async throws {
        let gzip: HTTPFields = [.acceptEncoding: "gzip"]
        func ask(_ tags: String, _ headers: HTTPFields = gzip) async throws -> TestResponse {
            var headers = headers
            headers[.ifNoneMatch] = tags
            return try await Self.send(.get, "/large", headers)
        }
        for tags in ["\"7-json-gzip\"", "W/\"7-json-gzip\"", "\"6-json-gzip\", \"7-json-gzip\""] {
            let response = try await ask(tags)
            #expect(response.status == .notModified && response.headers[.eTag] == "\"7-json-gzip\"")
            #expect(response.headers[.vary] == "Accept, Accept-Encoding" && response.headers[.contentEncoding] == nil)
        }
        let plain = try await ask("\"7-json\"")
        #expect(plain.status == .notModified && plain.headers[.eTag] == "\"7-json\"")
        #expect(try await ask("*").status == .notModified)
        #expect(try await ask("\"6-json-gzip\"").status == .ok)
        // A client that no longer accepts gzip cannot use the coded copy.
        let without = try await ask("\"7-json-gzip\"", [:])
        #expect(without.status == .ok && without.text == Self.large && without.headers[.eTag] == Self.tag)
    }

    // MARK: - Accept-Encoding

    @Test(
        arguments: [
            (nil, false, true), ("", false, true), ("gzip", true, true), ("GZIP", true, true), ("x-gzip", true, true), ("*", true, true),
            ("deflate, br", false, true), ("gzip;q=0", false, true), ("gzip;q=0, *", false, true), ("gzip; q=0.001", true, true),
            ("gzip;q=0.5, identity", false, true), ("gzip;q=0.5, identity;q=0.5", true, true), ("identity;q=0.5, gzip;q=1.0", true, true),
            ("identity;q=0", false, false), ("*;q=0", false, false), ("*;q=0, identity", false, true), ("gzip, *;q=0", true, false),
            ("gzip, identity;q=0", true, false), ("gzip;q=2", false, true), ("gzip;q=x", false, true), ("gzip;q=", false, true),
            (",,;,gzip", true, true), ("gzipx", false, true), (String(repeating: "x,", count: 2000) + "gzip", false, true),
        ] as [(String?, Bool, Bool)])
    func headerIsRead(value: String?, gzip: Bool, identity: Bool) {
        var headers = HTTPFields()
        headers[.acceptEncoding] = value
        let accepted = AcceptEncoding(headers)
        #expect(accepted.acceptsGzip == gzip && accepted.acceptsIdentity == identity)
    }

    // MARK: - Encoder

    @Test func anyPiecesMakeTheSameText() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for round in 0..<8 {
            let encoder = try #require(GzipEncoder())
            var (plain, coded) = (ByteBuffer(), ByteBuffer())
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                // Random letters do not compress, so that the output of one piece can be larger than any buffer.
                let piece = (0..<Int.random(in: 0...20_000, using: &random)).map { _ in UInt8.random(in: 0x20...0x7E, using: &random) }
                plain.writeBytes(piece)
                coded.writeImmutableBuffer(encoder.encode(ByteBuffer(bytes: piece)))
            }
            coded.writeImmutableBuffer(encoder.finish())
            #expect(try Self.gunzip(coded) == String(buffer: plain), "seed \(seed), round \(round)")
        }
    }
}
