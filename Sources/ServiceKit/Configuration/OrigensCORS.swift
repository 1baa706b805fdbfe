/// The origins whose pages may read answers (`http.cors.origens`).
package enum OrigensCORS: Sendable, Equatable {
    case nenhuma
    case todas
    case lista(Set<String>)

    /// Comma separated origins as browsers write them (RFC 6454 §6.1): `https://app.example`, `http://localhost:3000`, lower case, no
    /// slash at the end; or `*` alone. `nil`: something else.
    package init?(parsing text: String) {
        if text == "*" {
            self = .todas
            return
        }
        let origins = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.drop { $0 == " " } }.map {
            var origin = $0
            while origin.last == " " { origin.removeLast() }
            return String(origin)
        }
        guard origins.allSatisfy(Self.isOrigin) else { return nil }
        self = .lista(Set(origins))
    }

    private static func isOrigin(_ text: String) -> Bool {
        guard let scheme = ["https://", "http://"].first(where: { text.hasPrefix($0) }) else { return false }
        let authority = text.dropFirst(scheme.count)
        return !authority.isEmpty
            && authority.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"): true
                default: false
                }
            }
    }
}
