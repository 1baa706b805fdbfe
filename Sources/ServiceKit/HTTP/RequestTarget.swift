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
