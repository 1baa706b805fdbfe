import HTTPTypes
import NIOHTTP1
import NIOHTTPTypesHTTP1

extension HTTPRequest {
    /// The head of a request as the parser read it.
    ///
    /// - Throws: what the parser does not check: a version other than 1.0 and 1.1; no `Host`, two, or one that is no host (RFC 9112 §3.2);
    ///   an HTTP/1.0 request with `Transfer-Encoding`, whose length nobody knows for sure (§6.1).
    init(reading head: HTTPRequestHead) throws(HTTPParserError) {
        guard head.version == .http1_1 || head.version == .http1_0 else { throw .invalidVersion }
        let method: Method
        do {
            method = try Method(head.method)
        } catch {
            throw .invalidMethod
        }
        var fields = HTTPFields()
        fields.reserveCapacity(head.headers.count)
        var host: String?
        for (name, value) in head.headers {
            if name.utf8.count == 4, name.lowercased() == "host" {
                guard host == nil, Self.isHost(value) else { throw .invalidHeaderToken }
                host = value
            } else if let name = HTTPField.Name(name) {
                fields.append(HTTPField(name: name, value: value))
            } else {
                throw .invalidHeaderToken
            }
        }
        if head.version == .http1_0 {
            guard fields[.transferEncoding] == nil else { throw .invalidVersion }
        } else if host == nil {
            throw .invalidHeaderToken
        }
        self.init(method: method, scheme: "http", authority: host, path: Self.path(head), headerFields: fields)
    }

    /// Without scheme and host if the target has the form for proxies. The library parses every target; most begin with the path.
    private static func path(_ head: HTTPRequestHead) -> String {
        if head.uri.utf8.first == UInt8(ascii: "/") { return head.uri }
        return (try? HTTPRequest(head, secure: false, splitCookie: false))?.path ?? head.uri
    }

    /// Whether the text has only characters of a host and a port (RFC 3986 §3.2). It may be empty.
    private static func isHost(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: Self.hostMarks.contains(byte)
            }
        }
    }

    private static let hostMarks = Array("-._~%!$&'()*+,;=:[]".utf8)

    /// Whether NIO's decoder treats the following bytes as another protocol: after CONNECT, and after `Upgrade`.
    var asksForUpgrade: Bool { self.method == .connect || self.headerFields[.upgrade] != nil }
}
