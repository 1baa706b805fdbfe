/// The token in an `Authorization` header (RFC 6750 §2.1).
enum BearerToken {
    /// The text after `Bearer`; `nil`: no header, another scheme, or not a token.
    static func parse(_ authorization: String?) -> Substring? {
        guard let authorization, self.isPresent(authorization) else { return nil }
        let bytes = authorization.utf8
        let start = bytes.index(bytes.startIndex, offsetBy: self.scheme.utf8.count)
        guard let first = bytes[start...].firstIndex(where: { $0 != UInt8(ascii: " ") }), first > start else { return nil }
        let token = authorization[first...]
        return token.utf8.allSatisfy(self.isTokenByte) ? token : nil
    }

    /// Whether the caller tried to show a token.
    static func isPresent(_ authorization: String?) -> Bool {
        guard let authorization else { return false }
        let scheme = authorization.utf8.prefix(self.scheme.utf8.count)
        guard scheme.elementsEqual(self.scheme.utf8, by: { $0 | 0x20 == $1 }) else { return false }
        let rest = authorization.utf8.dropFirst(self.scheme.utf8.count)
        return rest.isEmpty || rest.first == UInt8(ascii: " ")
    }

    private static let scheme = "bearer"

    /// The alphabet of `b64token` that a JWT uses, and the dot between its parts.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: false
        }
    }
}
