/// The parts of an AMQP URL, percent-decoded; nil where the URL has none.
struct AMQPURL: Equatable {
    private static let plainPort = 5672
    private static let tlsPort = 5671

    /// `amqps`
    var isEncrypted: Bool
    var endpoints: [AMQPEndpoint] = []
    var user: String?
    var password: String?
    var virtualHost: String?

    /// - Throws: ``AMQPError/Kind/invalidConfiguration`` with a text that names the wrong part without repeating it.
    init(_ url: String) throws(AMQPError) {
        let lowered = url.prefix(8).lowercased()
        self.isEncrypted = lowered.hasPrefix("amqps://")
        guard self.isEncrypted || lowered.hasPrefix("amqp://") else { throw Self.error("the URL must begin with amqp:// or amqps://") }
        var rest = url.dropFirst(self.isEncrypted ? 8 : 7)
        guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw Self.error("query and fragment are not supported (percent-encode ? and # in a password)")
        }
        if let slash = rest.firstIndex(of: "/") {
            let path = rest[rest.index(after: slash)...]
            guard !path.contains("/") else { throw Self.error("a slash in the virtual host must be written %2F") }
            self.virtualHost = try Self.decode(path, part: "virtual host")
            rest = rest[..<slash]
        }
        if let at = rest.lastIndex(of: "@") {
            let credentials = rest[..<at]
            if let colon = credentials.firstIndex(of: ":") {
                self.password = try Self.decode(credentials[credentials.index(after: colon)...], part: "password")
                self.user = try Self.decode(credentials[..<colon], part: "user")
            } else {
                self.user = try Self.decode(credentials, part: "user")
            }
            rest = rest[rest.index(after: at)...]
        }
        for host in rest.split(separator: ",", omittingEmptySubsequences: false) {
            self.endpoints.append(try Self.endpoint(host, portDefault: self.isEncrypted ? Self.tlsPort : Self.plainPort))
        }
    }

    private static func endpoint(_ text: Substring, portDefault: Int) throws(AMQPError) -> AMQPEndpoint {
        var host = text
        var port: Substring?
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { throw Self.error("a host has [ without ]") }
            host = text[text.index(after: text.startIndex)..<end]
            let tail = text[text.index(after: end)...]
            guard tail.isEmpty || tail.first == ":" else { throw Self.error("after ] only :port may follow") }
            port = tail.isEmpty ? nil : tail.dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty else { throw Self.error("a host is missing") }
        guard host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw Self.error("a host has a character that no host has") }
        guard let port else { return AMQPEndpoint(host: String(host), port: portDefault) }
        guard port.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(port), (1...65535).contains(number) else {
            throw Self.error("a port is not a number from 1 to 65535")
        }
        return AMQPEndpoint(host: String(host), port: number)
    }

    private static func decode(_ text: Substring, part: String) throws(AMQPError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(Self.hexDigit), let low = rest.popFirst().flatMap(Self.hexDigit) else {
                throw Self.error("the \(part) has a % without two hexadecimal digits (a literal % is %25)")
            }
            bytes.append(high << 4 | low)
        }
        // They are passed as C strings.
        guard !bytes.contains(0), let decoded = String(validating: bytes, as: UTF8.self) else {
            throw Self.error("the \(part) is not UTF-8, or has a zero byte")
        }
        return decoded
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func error(_ text: String) -> AMQPError {
        AMQPError(.invalidConfiguration, replyText: "AMQP URL: \(text)")
    }
}
