import NIOCore
import Testing

@testable import Carga

@Suite struct ResponseReaderTests {
    private static let created = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"id\":\"ab\"}"
    private static let chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=1\r\n world\r\n0\r\nTrailer: t\r\n\r\n"

    private static func read(_ pieces: [String]) throws -> HTTPAnswer? {
        var reader = ResponseReader()
        var answer: HTTPAnswer?
        for piece in pieces {
            #expect(answer == nil, "an answer before its end")
            answer = try reader.read(ByteBuffer(string: piece))
        }
        return answer
    }

    @Test func `an answer with a length`() throws {
        let answer = try #require(try Self.read([Self.created]))
        #expect(answer.status == 201)
        #expect(answer.bytes == Array(#"{"id":"ab"}"#.utf8))
        #expect(answer.keepsAlive)
        #expect(answer.retryAfterSeconds == nil)
    }

    @Test(arguments: [created, chunked])
    func `pieces may end anywhere`(text: String) throws {
        let whole = try #require(try Self.read([text]))
        let bytes = Array(text.utf8)
        for cut in 1..<bytes.count {
            let pieces = [bytes[..<cut], bytes[cut...]].map { String(decoding: $0, as: UTF8.self) }
            let answer = try #require(try Self.read(pieces))
            #expect(answer.status == whole.status)
            #expect(answer.bytes == whole.bytes)
        }
        #expect(try Self.read(text.utf8.map { String(decoding: [$0], as: UTF8.self) })?.bytes == whole.bytes)
    }

    @Test func `chunks are put together`() throws {
        #expect(try Self.read([Self.chunked])?.bytes == Array("hello world".utf8))
    }

    @Test func `one reader reads one answer after the other`() throws {
        var reader = ResponseReader()
        for _ in 0..<3 {
            #expect(try reader.read(ByteBuffer(string: Self.created))?.status == 201)
            #expect(try reader.read(ByteBuffer(string: Self.chunked))?.status == 200)
        }
    }

    @Test func `names of header fields have no case, and Retry-After and Connection are read`() throws {
        let answer = try #require(
            try Self.read(["HTTP/1.1 503 Service Unavailable\r\ncontent-length:2\r\nRETRY-AFTER: 7\r\nconnection: close\r\n\r\n{}"]))
        #expect(answer.retryAfterSeconds == 7)
        #expect(!answer.keepsAlive)
    }

    @Test func `interim answers are skipped, and 304 has no body`() throws {
        #expect(try Self.read(["HTTP/1.1 100 Continue\r\n\r\n" + Self.created])?.status == 201)
        #expect(try Self.read(["HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n"])?.status == 304)
    }

    @Test(arguments: [
        ("SSH-2.0-OpenSSH\r\n\r\n", ResponseReader.Failure.malformed),
        ("HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n", .malformed),
        ("HTTP/1.1 200 OK\r\n\r\n", .withoutLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", .tooLong),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", .tooLong),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n", .tooLong),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", .malformed),
        ("HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 20_000), .tooLong),
    ])
    func `what cannot be read is refused`(text: String, failure: ResponseReader.Failure) {
        #expect(throws: failure) { try Self.read([text]) }
    }
}
