package import Contrato
import FluxoDeCaixa
import HTTPTypes
package import Hummingbird
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1

/// Reads the body of one request and records the state of the connection's input.
package final class RequestBodyReader: Sendable {
    enum State {
        case untouched
        /// The rest may still arrive.
        case partial
        case complete
        /// The HTTP parser failed: the answer is a bare 400 and the connection is closed.
        case unparsable(HTTPParserError)
        /// The connection ended, the request was not complete in time, or a handler failed within a stream.
        case broken
        /// A handler reads it as a stream and decides itself whether the connection is reused.
        case streamed
    }

    private let maxBytes: Int
    private let channel: any Channel
    private let stateBox = NIOLockedValueBox<State>(.untouched)

    init(maxBytes: Int, channel: any Channel) {
        self.maxBytes = maxBytes
        self.channel = channel
    }

    /// Watches the connection, for handlers that wait long. The returned function reports whether the caller is still connected.
    package func watchCaller() -> @Sendable () -> Bool {
        let (channel, watch) = (self.channel, CallerWatch())
        channel.triggerUserOutboundEvent(watch, promise: nil)
        return { channel.isActive && !watch.isGone }
    }

    var state: State { self.stateBox.withLockedValue { $0 } }

    /// Checks the head of a request whose handler reads `request.body` as a stream.
    ///
    /// - Returns: the one of `types` that the body has.
    /// - Throws: `tipo-de-midia` (another type, or any `Content-Encoding`), `corpo-grande` (a declared length over the limit).
    package func check(_ request: Request, types: [String], maxBytes: Int) throws(Problema) -> String {
        let type = try Self.checkMediaType(request, types)
        if case .length(let length) = DeclaredBody(request.headers), length > maxBytes { throw Self.tooLarge(maxBytes) }
        return type
    }

    /// The handler failed: of a stream it is unknown how far it was read.
    func handlerFailed() {
        self.stateBox.withLockedValue { if case .streamed = $0 { $0 = .broken } }
    }

    /// The body may take as long as it needs while it keeps moving.
    func keepMoving() {
        self.channel.triggerUserOutboundEvent(ConnectionEvent.keepMoving, promise: nil)
    }

    /// Closes the connection after the answer that is being written; input is read and dropped for a short time.
    package func closeAfterAnswer() {
        self.channel.triggerUserOutboundEvent(ConnectionEvent.closeAfterAnswer, promise: nil)
    }

    /// Begins reading the body as a stream: answers `Expect: 100-continue`. Handlers call it once, before reading.
    ///
    /// A handler that answers without reading to the end sets `Connection: close`, or calls ``closeAfterAnswer()`` if its answer has begun.
    package func willRead(_ request: Request) {
        self.stateBox.withLockedValue { $0 = .streamed }
        self.continueIfExpected(request)
    }

    /// Reads the whole body as JSON, at most `http.corpo_max_bytes`.
    ///
    /// - Throws: in this order `tipo-de-midia` (not `application/json`, or any `Content-Encoding`), `corpo-grande` (declared length before
    ///   a byte is read), `ilegivel` (not JSON as ``JSONReader`` accepts it, or not complete in time).
    package func readJSON(_ request: Request) async throws(Problema) -> JSONValue {
        try Self.checkMediaType(request)
        return try Self.parse(try await self.collect(request))
    }

    /// The same for calls with an optional body. `nil`: there was none, and no media type is required.
    package func readOptionalJSON(_ request: Request) async throws(Problema) -> JSONValue? {
        guard DeclaredBody(request.headers) != .none else { return nil }
        if request.headers[.contentType] == nil, request.headers[.contentEncoding] == nil {
            // Chunked: only reading shows whether there is a body.
            guard try await self.collect(request).isEmpty else { try Self.refuseMediaType() }
            return nil
        }
        try Self.checkMediaType(request)
        let bytes = try await self.collect(request)
        return bytes.isEmpty ? nil : try Self.parse(bytes)
    }

    // MARK: - Steps

    private static let json = ["application/json"]

    /// - Returns: the media type of the body, one of `types`.
    @discardableResult
    private static func checkMediaType(_ request: Request, _ types: [String] = json) throws(Problema) -> String {
        guard request.headers[.contentEncoding] == nil else {
            throw Problema(.tipoDeMidia, detail: "O corpo não pode ter Content-Encoding.")
        }
        let given = (request.headers[.contentType] ?? "").prefix { $0 != ";" }.lowercased().utf8.trimmed
        guard let known = types.first(where: { $0.utf8.elementsEqual(given) }) else { try self.refuseMediaType(types) }
        return known
    }

    private static func refuseMediaType(_ types: [String] = json) throws(Problema) -> Never {
        throw Problema(.tipoDeMidia, detail: "Content-Type tem de ser \(types.joined(separator: " ou ")).")
    }

    private static func parse(_ bytes: [UInt8]) throws(Problema) -> JSONValue {
        do {
            return try JSONReader.read(bytes)
        } catch {
            throw Problema(error)
        }
    }

    private func collect(_ request: Request) async throws(Problema) -> [UInt8] {
        let declared = DeclaredBody(request.headers)
        if case .length(let length) = declared, length > self.maxBytes { throw Self.tooLarge(self.maxBytes) }
        guard declared != .none else {
            self.stateBox.withLockedValue { $0 = .complete }
            return []
        }
        self.stateBox.withLockedValue { $0 = .partial }
        self.continueIfExpected(request)
        var bytes: [UInt8] = []
        do {
            for try await buffer in request.body {
                guard bytes.count + buffer.readableBytes <= self.maxBytes else { throw Self.tooLarge(self.maxBytes) }
                bytes.append(contentsOf: buffer.readableBytesView)
            }
        } catch let problema as Problema {
            throw problema
        } catch let error as HTTPParserError {
            self.stateBox.withLockedValue { $0 = .unparsable(error) }
            throw Problema(.ilegivel, detail: "O corpo não pôde ser lido.")
        } catch {
            self.stateBox.withLockedValue { $0 = .broken }
            let detail = error is RequestTooSlow ? "O corpo não chegou inteiro a tempo." : "A conexão terminou antes do fim do corpo."
            throw Problema(.ilegivel, detail: detail)
        }
        // A connection that closes early ends the sequence without an error.
        if case .length(let length) = declared, length != bytes.count {
            self.stateBox.withLockedValue { $0 = .broken }
            throw Problema(.ilegivel, detail: "A conexão terminou antes do fim do corpo.")
        }
        self.stateBox.withLockedValue { $0 = .complete }
        return bytes
    }

    private static func tooLarge(_ maxBytes: Int) -> Problema {
        Problema(.corpoGrande, detail: "O corpo tem mais de \(maxBytes) bytes.")
    }

    /// RFC 9110 §10.1.1. Hummingbird does not answer it.
    private func continueIfExpected(_ request: Request) {
        guard request.headers[.expect]?.lowercased() == "100-continue" else { return }
        self.channel.triggerUserOutboundEvent(ConnectionEvent.sendContinue, promise: nil)
    }
}

/// The length of a body as declared in the head (RFC 9112 §6.3).
enum DeclaredBody: Equatable {
    case none
    /// `Content-Length`, in bytes.
    case length(Int)
    /// `Transfer-Encoding`: the length is unknown until the end.
    case chunked

    init(_ headers: HTTPFields) {
        if headers[.transferEncoding] != nil {
            self = .chunked
        } else if let text = headers[.contentLength], text != "0" {
            // The parser accepts digits only; what overflows is larger than every limit.
            self = Int(text).map { $0 == 0 ? .none : .length($0) } ?? .length(.max)
        } else {
            self = .none
        }
    }
}
