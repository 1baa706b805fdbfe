import FluxoDeCaixa

/// Path and query of a request, still percent-encoded.
struct RequestTarget {
    let path: Substring
    /// Without the question mark; `nil` if there was none.
    let query: Substring?

    /// Reads the origin form (`/path?query`) and the absolute form (`http://host/path?query`, RFC 9112 §3.2.2).
    init(_ text: String) {
        var rest = text[...]
        if !rest.utf8.starts(with: "/".utf8), let scheme = rest.firstRange(of: "://") {
            let afterAuthority = rest[scheme.upperBound...].firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            rest = rest[afterAuthority...]
        }
        if let fragment = rest.utf8.firstIndex(of: UInt8(ascii: "#")) {
            rest = rest[..<fragment]
        }
        if let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) {
            self.path = rest[..<mark]
            self.query = rest[rest.utf8.index(after: mark)...]
        } else {
            self.path = rest
            self.query = nil
        }
    }
}

/// Percent-decoding of a request target (RFC 3986 §2.1), strict.
enum PercentEncoding {
    /// The decoded text.
    ///
    /// `nil`: a `%` without two hexadecimal digits, bytes that are not UTF-8, or a byte that a target must not contain.
    static func decode(_ encoded: some Collection<UInt8>, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encoded.count)
        var iterator = encoded.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = iterator.next()?.hexadecimalValue, let low = iterator.next()?.hexadecimalValue else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace:
                bytes.append(UInt8(ascii: " "))
            case 0x21...0x7E:
                bytes.append(byte)
            default:
                return nil
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
