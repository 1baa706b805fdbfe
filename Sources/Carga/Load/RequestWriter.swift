package import NIOCore

/// Writes whole requests to one address as the bytes that are sent: what is the same in all of them is rendered once.
package struct RequestWriter: Sendable {
    enum Method: String {
        case get = "GET"
        case post = "POST"
    }

    private static let allocator = ByteBufferAllocator()

    /// ` HTTP/1.1`, Host and Authorization, which every request has.
    private let common: String

    init(address: HTTPAddress, token: Token) {
        self.common = " HTTP/1.1\r\nHost: \(address.host):\(address.port)\r\nAuthorization: Bearer \(token.text)\r\n"
    }

    /// - Parameter headers: further header fields, each ended by CR LF.
    package func get(_ target: String, headers: String = "") -> ByteBuffer {
        var buffer = self.head(.get, target, headers, bodyBytes: 0)
        buffer.writeStaticString("\r\n")
        return buffer
    }

    /// - Parameter headers: further header fields, the type of the body among them, each ended by CR LF.
    package func post(_ target: String, headers: String, body: some Collection<UInt8>) -> ByteBuffer {
        var buffer = self.head(.post, target, headers, bodyBytes: body.count)
        buffer.writeStaticString("Content-Length: ")
        buffer.writeString(String(body.count))
        buffer.writeStaticString("\r\n\r\n")
        buffer.writeBytes(body)
        return buffer
    }

    private func head(_ method: Method, _ target: String, _ headers: String, bodyBytes: Int) -> ByteBuffer {
        var buffer = Self.allocator.buffer(capacity: self.common.utf8.count + target.utf8.count + headers.utf8.count + bodyBytes + 64)
        buffer.writeString(method.rawValue)
        buffer.writeStaticString(" ")
        buffer.writeString(target)
        buffer.writeString(self.common)
        buffer.writeString(headers)
        return buffer
    }
}

/// A bearer token. It is never printed.
struct Token: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    let text: String

    /// `nil` if a header field could not carry it.
    init?(_ text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        self.text = text
    }

    var description: String { "(token)" }
    var debugDescription: String { "(token)" }
}
