package import NIOCore

/// Renders whole requests to one address as bytes. The common part is rendered once.
package struct RequestWriter: Sendable {
    enum Method: String {
        case get = "GET"
        case post = "POST"
    }

    private static let allocator = ByteBufferAllocator()

    /// ` HTTP/1.1`, Host and Authorization of every request.
    private let common: String

    init(address: HTTPAddress, token: Token) {
        self.common = " HTTP/1.1\r\nHost: \(address.host):\(address.port)\r\nAuthorization: Bearer \(token.text)\r\n"
    }

    /// - Parameter headers: more header fields, each ending in CR LF.
    package func get(_ target: String, headers: String = "") -> ByteBuffer {
        var buffer = self.head(.get, target, headers, bodyBytes: 0)
        buffer.writeStaticString("\r\n")
        return buffer
    }

    /// - Parameter headers: more header fields, including `Content-Type`, each ending in CR LF.
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

    /// Returns `nil` if a header field cannot carry the text.
    init?(_ text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        self.text = text
    }

    var description: String { "(token)" }
    var debugDescription: String { "(token)" }
}

/// The address of a service. Plain HTTP: the load runs beside the service or in its network.
struct HTTPAddress: Hashable, Sendable {
    let host: String
    /// 1…65535.
    let port: Int

    /// Reads `http://host[:port][/]`, the host a name or an IPv4 address; `nil` for anything else.
    init?(url: String) {
        guard url.hasPrefix("http://") else { return nil }
        var rest = url.dropFirst("http://".count)
        if rest.last == "/" { rest.removeLast() }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty, parts.count <= 2,
            host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"/?#@[]".utf8.contains($0) })
        else { return nil }
        if parts.count == 2 {
            guard let port = Int(parts[1]), (1...65535).contains(port) else { return nil }
            self.port = port
        } else {
            self.port = 80
        }
        self.host = String(host)
    }
}

extension HTTPAddress: CustomStringConvertible {
    var description: String { "http://\(self.host):\(self.port)" }
}
