package import HTTPTypes
package import Hummingbird
import NIOCore

/// A strong entity tag (RFC 9110 §8.8.3): `"<version>-<form>-<hash of the content>"`.
///
/// The version alone tells the states of one thing apart. What it cannot tell apart the rest does: the forms that a state can be had in, what
/// one address means under several tokens, what another release of the program writes, and a database that was set back to a backup.
package struct EntityTag: Sendable, Equatable {
    /// The text between the quotes.
    package let opaque: String

    /// - Parameters:
    ///   - versao: grows with every change of what is shown.
    ///   - form: letters, digits and `-`; the content type, and what else was asked of the form.
    ///   - content: the body, before any coding.
    package init(versao: Int64, form: String, content: [UInt8]) {
        var hash = Fingerprint()
        hash.add(content)
        let digits = String(hash.value, radix: 16)
        self.opaque = "\(versao)-\(form)-" + String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The value of `ETag`.
    package var headerValue: String { "\"\(self.opaque)\"" }

    /// Whether `If-None-Match` names this tag (RFC 9110 §13.1.2: weak comparison, `*` matches). What cannot be read matches nothing.
    package func isNamed(byIfNoneMatch fields: HTTPFields) -> Bool {
        let value = fields[values: .ifNoneMatch].joined(separator: ",")
        var rest = value.utf8[...]
        while let first = rest.first {
            switch first {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: ","):
                rest.removeFirst()
            case UInt8(ascii: "*"):
                // Only alone: it is no member of a list.
                return value.utf8.allSatisfy { $0 == first || $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
                    && value.utf8.count { $0 == first } == 1
            default:
                guard let tag = Self.nextTag(&rest) else { return false }
                if tag.elementsEqual(self.opaque.utf8) { return true }
            }
        }
        return false
    }

    /// Takes `"…"` or `W/"…"` off the front.
    private static func nextTag(_ rest: inout Substring.UTF8View) -> Substring.UTF8View? {
        if rest.starts(with: "W/".utf8) { rest.removeFirst(2) }
        guard rest.first == UInt8(ascii: "\"") else { return nil }
        rest.removeFirst()
        guard let end = rest.firstIndex(of: UInt8(ascii: "\"")) else { return nil }
        let tag = rest[..<end]
        // etagc: no control, no space.
        guard tag.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
        rest = rest[rest.index(after: end)...]
        // Between two tags there is a comma.
        guard let next = rest.first(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) else { return tag }
        return next == UInt8(ascii: ",") ? tag : nil
    }
}

extension Response {
    /// The content under its tag, or 304 with the same headers but those of the content if the caller has it already.
    package static func tagged(
        _ content: [UInt8],
        _ tag: EntityTag,
        contentHeaders: HTTPFields,
        headers: HTTPFields,
        for request: Request
    ) -> Response {
        var headers = headers
        headers[.eTag] = tag.headerValue
        if tag.isNamed(byIfNoneMatch: request.headers) { return Response(status: .notModified, headers: headers) }
        for field in contentHeaders { headers.append(field) }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: content)))
    }
}
