import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore

/// Compresses large answers for clients that ask for it, in one place for all routes.
///
/// A coded answer is another representation, so its strong `ETag` differs (RFC 9110 §8.8.3.3): `"x"` becomes `"x-gzip"`. Handlers know
/// nothing of that: a tag that a client sends back loses its ending before they see it.
struct ContentCoding {
    private static let suffix = "-gzip"
    /// A smaller answer fits into one packet or two anyway.
    private static let minBytes = 1024
    /// A body of known length is coded whole up to here, so that the answer has a length too; a longer one as a stream.
    private static let wholeMaxBytes = 1_048_576

    private let accepted: AcceptEncoding
    /// The tags of coded answers that the client has.
    private let namesCodedTag: Bool

    init(_ request: Request) {
        self.accepted = AcceptEncoding(request.headers)
        self.namesCodedTag = request.headers[.ifNoneMatch]?.contains(Self.suffix + "\"") == true
    }

    /// The request as handlers should see it.
    ///
    /// A client that no longer takes gzip has no use for its coded copy: then the tag stays as it is, and matches nothing.
    func request(_ request: Request) -> Request {
        guard self.namesCodedTag, self.accepted.takesGzip, let tags = request.headers[.ifNoneMatch] else { return request }
        var head = request.head
        head.headerFields[.ifNoneMatch] = tags.replacing(Self.suffix + "\"", with: "\"")
        return Request(head: head, body: request.body)
    }

    /// Codes the answer if that is allowed and worth it.
    ///
    /// Answers of calls that change something are left alone unless they are in memory: a stream of them is an answer line by line, which
    /// must not wait in a compressor.
    func apply(to response: inout Response, of request: Request) async {
        if response.status == .notModified {
            response.headers.addVary(Self.acceptEncoding)
            if self.namesCodedTag, self.accepted.takesGzip { Self.tag(&response.headers) }
            return
        }
        guard response.headers[.contentEncoding] == nil, response.headers[.contentType] != nil else { return }
        let length = response.body.contentLength
        guard length != 0, length != nil || request.method == .get || request.method == .head else { return }
        let isLarge = length.map { $0 >= Self.minBytes } ?? true
        guard isLarge || !self.accepted.takesIdentity else { return }
        response.headers.addVary(Self.acceptEncoding)
        guard self.accepted.takesGzip else { return }
        if let length, length <= Self.wholeMaxBytes {
            guard let coded = await Self.whole(response.body) else { return }
            response.body = ResponseBody(byteBuffer: coded)
        } else {
            response.body = Self.stream(response.body)
        }
        response.headers[.contentEncoding] = "gzip"
        Self.tag(&response.headers)
    }

    private static let acceptEncoding = "Accept-Encoding"

    private static func tag(_ headers: inout HTTPFields) {
        // A weak tag may stand for several codings.
        guard let tag = headers[.eTag], tag.hasPrefix("\""), tag.hasSuffix("\""), tag.utf8.count >= 2 else { return }
        headers[.eTag] = "\(tag.dropLast())\(self.suffix)\""
    }

    /// `nil`: no memory, or the body could not be had; then the answer goes out as it is.
    private static func whole(_ body: ResponseBody) async -> ByteBuffer? {
        guard let encoder = GzipEncoder() else { return nil }
        let writer = CollectingBodyWriter()
        do {
            try await body.write(writer)
        } catch {
            // Whatever it is, it will show again when the plain body is written.
            return nil
        }
        var coded = encoder.encode(writer.collected.withLockedValue { $0 })
        coded.writeImmutableBuffer(encoder.finish())
        return coded
    }

    private static func stream(_ body: ResponseBody) -> ResponseBody {
        ResponseBody { writer in
            guard let encoder = GzipEncoder() else { throw OutOfMemory() }
            try await body.write(GzipBodyWriter(next: writer, encoder: encoder))
        }
    }

    /// The head is out and promises gzip: only ending the connection is left.
    private struct OutOfMemory: Error {}
}
