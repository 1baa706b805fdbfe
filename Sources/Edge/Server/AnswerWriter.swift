import HTTPTypes
import NIOCore

/// Turns the parts of an answer into bytes (RFC 9112 §6, §7).
///
/// The bytes are buffered until they are many or ``take()`` removes them. A head, a small body and the end are then one buffer: one write
/// of the socket and one record of TLS.
struct AnswerWriter {
    /// The largest part of a body that is copied to the buffer, in bytes. Larger parts are sent without a copy.
    static let copiedMaxBytes = 16_384
    /// The capacity of a new buffer, enough for most heads with their bodies, in bytes.
    private static let usualBytes = 1024

    private let allocator: ByteBufferAllocator
    private var buffered: ByteBuffer?
    private var isChunked = false

    init(allocator: ByteBufferAllocator = ByteBufferAllocator()) {
        self.allocator = allocator
    }

    /// Writes a head. A body without `Content-Length` is chunked, or in HTTP/1.0 ends with the connection.
    mutating func writeHead(_ response: HTTPResponse, isHTTP10: Bool) {
        var buffer = self.takeBuffer()
        buffer.writeStaticString(isHTTP10 ? "HTTP/1.0 " : "HTTP/1.1 ")
        buffer.writeString(String(response.status.code))
        buffer.writeStaticString(" ")
        buffer.writeString(response.status.reasonPhrase)
        buffer.writeStaticString("\r\n")
        let hasBody = response.status.allowsBody
        var hasLength = false
        for field in response.headerFields {
            switch field.name {
            case .transferEncoding: continue
            case .contentLength:
                guard hasBody else { continue }
                hasLength = true
            default: break
            }
            buffer.writeString(field.name.rawName)
            buffer.writeStaticString(": ")
            buffer.writeString(field.value)
            buffer.writeStaticString("\r\n")
        }
        self.isChunked = hasBody && !hasLength && !isHTTP10
        if self.isChunked { buffer.writeStaticString("transfer-encoding: chunked\r\n") }
        buffer.writeStaticString("\r\n")
        self.buffered = buffer
    }

    /// Writes a part of a body.
    /// - Returns: the buffers to send now, before those that ``take()`` returns later.
    mutating func writeBody(_ part: ByteBuffer) -> [ByteBuffer] {
        // An empty chunk would be the last one.
        guard part.readableBytes > 0 else { return [] }
        var part = part
        var buffer = self.takeBuffer()
        if self.isChunked {
            buffer.writeString(String(part.readableBytes, radix: 16))
            buffer.writeStaticString("\r\n")
        }
        if part.readableBytes <= Self.copiedMaxBytes {
            buffer.writeBuffer(&part)
            if self.isChunked { buffer.writeStaticString("\r\n") }
            guard buffer.readableBytes > Self.copiedMaxBytes else {
                self.buffered = buffer
                return []
            }
            return [buffer]
        }
        if self.isChunked {
            var end = self.takeBuffer()
            end.writeStaticString("\r\n")
            self.buffered = end
        }
        return buffer.readableBytes == 0 ? [part] : [buffer, part]
    }

    /// Writes the end of the answer.
    mutating func writeEnd() {
        guard self.isChunked else { return }
        var buffer = self.takeBuffer()
        buffer.writeStaticString("0\r\n\r\n")
        self.buffered = buffer
    }

    /// Removes and returns the bytes that have not been sent.
    mutating func take() -> ByteBuffer? {
        defer { self.buffered = nil }
        return self.buffered
    }

    /// Returns the buffered bytes, or an empty buffer. The writer keeps no reference to them, so that appending copies nothing.
    private mutating func takeBuffer() -> ByteBuffer {
        self.take() ?? self.allocator.buffer(capacity: Self.usualBytes)
    }
}

extension HTTPResponse.Status {
    /// Whether an answer may have a body (RFC 9110 §6.4.1).
    var allowsBody: Bool { self.kind != .informational && self != .noContent && self != .notModified }
}
