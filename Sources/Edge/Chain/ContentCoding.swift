import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore

/// Compresses large answers for clients that accept gzip, for all routes.
struct ContentCodingMiddleware: EdgeMiddleware {
    func handle(_ request: Request, context: CallContext, next: Next) async throws -> Response {
        let coding = ContentCoding(request)
        var response = try await next(coding.request(request), context)
        await coding.apply(to: &response, of: request)
        return response
    }
}

/// The content coding of one exchange.
///
/// A coded answer is another representation, so its strong `ETag` differs (RFC 9110 §8.8.3.3): `"x"` becomes `"x-gzip"`. Handlers are
/// unaware of this: the ending of a tag in the request is removed before they see it.
struct ContentCoding {
    private static let suffix = "-gzip"
    /// A smaller answer fits into one or two packets.
    private static let minBytes = 1024
    /// A body of known length up to this size is coded as a whole, so that the answer has a length; a longer one is streamed.
    private static let wholeMaxBytes = 1_048_576

    private let accepted: AcceptEncoding
    /// Whether `If-None-Match` names the tag of a coded answer.
    private let namesCodedTag: Bool

    init(_ request: Request) {
        self.accepted = AcceptEncoding(request.headers)
        self.namesCodedTag = request.headers[.ifNoneMatch]?.contains(Self.suffix + "\"") == true
    }

    /// The request for the handlers.
    ///
    /// A client that no longer accepts gzip cannot use its coded copy: its tag stays unchanged and matches nothing.
    func request(_ request: Request) -> Request {
        guard self.namesCodedTag, self.accepted.acceptsGzip, let tags = request.headers[.ifNoneMatch] else { return request }
        var head = request.head
        head.headerFields[.ifNoneMatch] = tags.replacing(Self.suffix + "\"", with: "\"")
        return Request(head: head, body: request.body)
    }

    /// Codes the answer if the client accepts it and the answer is large enough.
    ///
    /// A streamed answer to a call that changes state is not coded: its lines must not wait in a compressor.
    func apply(to response: inout Response, of request: Request) async {
        if response.status == .notModified {
            response.headers.addVary(Self.acceptEncoding)
            if self.namesCodedTag, self.accepted.acceptsGzip { Self.tag(&response.headers) }
            return
        }
        guard response.headers[.contentEncoding] == nil, let type = response.headers[.contentType] else { return }
        // Events must not wait in a compressor, and a compressor for each of thousands of streams would cost too much memory.
        guard type != EventBlock.contentType else { return }
        let length = response.body.contentLength
        guard length != 0, length != nil || request.method == .get || request.method == .head else { return }
        let isLarge = length.map { $0 >= Self.minBytes } ?? true
        guard isLarge || !self.accepted.acceptsIdentity else { return }
        response.headers.addVary(Self.acceptEncoding)
        guard self.accepted.acceptsGzip else { return }
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

    /// `nil`: no memory, or the body failed; then the plain answer is sent.
    private static func whole(_ body: ResponseBody) async -> ByteBuffer? {
        guard let encoder = GzipEncoder() else { return nil }
        let writer = CollectingBodyWriter()
        do {
            try await body.write(writer)
        } catch {
            // The same error occurs again when the plain body is written.
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

    /// The head, already sent, declares gzip: the connection must end.
    private struct OutOfMemory: Error {}
}

/// The content codings that the client accepts (RFC 9110 §12.5.3), of `gzip` and none.
struct AcceptEncoding: Equatable {
    /// The client accepts gzip and prefers it to no coding, or likes both equally.
    let acceptsGzip: Bool
    /// The client accepts an answer without coding.
    let acceptsIdentity: Bool

    init(_ headers: HTTPFields) {
        let weights = Dictionary(WeightedElement.list(headers, .acceptEncoding).map { ($0.name, $0.weight) }) { $1 }
        // RFC 9110 §8.4.1.3: x-gzip is the same. Without the header every coding is allowed, but none was requested.
        let gzip = weights["gzip"] ?? weights["x-gzip"] ?? weights["*"] ?? 0
        // Without a weight, no coding is allowed unless `*;q=0` forbids it.
        let identity = weights["identity"] ?? (weights["*"] == 0 ? 0 : nil)
        self.acceptsGzip = gzip > 0 && gzip >= identity ?? 0
        self.acceptsIdentity = identity != 0
    }
}

extension HTTPFields {
    /// Adds a name to `Vary` (RFC 9110 §12.5.5), unless it is there already.
    mutating func addVary(_ name: String) {
        guard let present = self[.vary] else {
            self[.vary] = name
            return
        }
        let names = present.split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
        guard !names.contains("*"), !names.contains(name.lowercased()) else { return }
        self[.vary] = "\(present), \(name)"
    }
}
