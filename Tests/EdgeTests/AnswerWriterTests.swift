import HTTPTypes
import NIOCore
import Testing

@testable import Edge

/// The bytes of answers, and in how many pieces they are sent.
@Suite struct AnswerWriterTests {
    private static let json: HTTPFields = [.contentType: "application/json", .contentLength: "2"]

    /// The pieces in which an answer is sent.
    private static func pieces(
        _ headers: HTTPFields, _ bodies: [Int], status: HTTPResponse.Status = .ok, isHTTP10: Bool = false
    ) -> [String] {
        var writer = AnswerWriter()
        writer.writeHead(HTTPResponse(status: status, headerFields: headers), isHTTP10: isHTTP10)
        var pieces = bodies.flatMap { writer.writeBody(ByteBuffer(repeating: UInt8(ascii: "x"), count: $0)) }
        writer.writeEnd()
        if let rest = writer.take() { pieces.append(rest) }
        #expect(writer.take() == nil)
        return pieces.map { String(buffer: $0) }
    }

    @Test func `head, small body and end are one piece`() {
        #expect(
            Self.pieces(Self.json, [2]) == ["HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\nxx"])
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nxx\r\nb\r\nxxxxxxxxxxx\r\n0\r\n\r\n"
        #expect(Self.pieces([:], [2, 0, 11]) == [chunked])
        #expect(Self.pieces([.contentLength: "0"], []) == ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
    }

    @Test func `HTTP/1.0 has no chunks`() {
        #expect(Self.pieces([:], [2], isHTTP10: true) == ["HTTP/1.0 200 OK\r\n\r\nxx"])
        #expect(Self.pieces(Self.json, [2], isHTTP10: true)[0].hasPrefix("HTTP/1.0 200 OK\r\nContent-Type"))
    }

    @Test(arguments: [HTTPResponse.Status.noContent, .notModified, .continue])
    func `what has no body declares none`(status: HTTPResponse.Status) {
        let pieces = Self.pieces([.contentLength: "2", .transferEncoding: "chunked", .eTag: "\"1\""], [], status: status)
        #expect(pieces == ["HTTP/1.1 \(status.code) \(status.reasonPhrase)\r\nETag: \"1\"\r\n\r\n"])
    }

    @Test func `a large part is not copied`() {
        let length = AnswerWriter.copiedMaxBytes + 1
        let pieces = Self.pieces([.contentLength: "\(length)"], [length])
        #expect(pieces.map(\.utf8.count) == ["HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n".utf8.count, length])
        let chunked = Self.pieces([:], [length])
        #expect(chunked.count == 3 && chunked[0].hasSuffix("\r\n\r\n4001\r\n") && chunked[2] == "\r\n0\r\n\r\n")
    }

    @Test func `buffered bytes are bounded, and every sequence of parts can be read back`() throws {
        let sizes = [0, 1, 15, 16, 255, AnswerWriter.copiedMaxBytes, AnswerWriter.copiedMaxBytes + 1, 40_000]
        for first in sizes {
            for second in sizes {
                let parts = [first, second, first, 7, second]
                let pieces = Self.pieces([:], parts)
                #expect(pieces.allSatisfy { $0.utf8.count <= max(2 * AnswerWriter.copiedMaxBytes + 200, first, second) })
                var rest = pieces.joined()[...]
                rest = rest[try #require(rest.firstRange(of: "\r\n\r\n")).upperBound...]
                for part in parts where part > 0 {
                    let line = try #require(rest.firstRange(of: "\r\n"))
                    #expect(Int(rest[..<line.lowerBound], radix: 16) == part)
                    rest = rest[line.upperBound...].dropFirst(part)
                    #expect(rest.hasPrefix("\r\n"))
                    rest = rest.dropFirst(1)
                }
                #expect(rest == "0\r\n\r\n")
            }
        }
    }
}
