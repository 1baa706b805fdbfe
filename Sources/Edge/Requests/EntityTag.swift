package import HTTPTypes
package import Hummingbird
import NIOCore

/// A strong entity tag (RFC 9110 §8.8.3): `"<version>-<form>-<hash of the content>"`.
///
/// The version distinguishes the states of one resource. Form and hash distinguish the rest: media types, one address under several tokens,
/// other releases of the program, and a database that was restored from a backup.
package struct EntityTag: Sendable, Equatable {
    /// The text between the quotes.
    package let opaque: String

    /// - Parameters:
    ///   - versao: grows with every change of the content.
    ///   - form: letters, digits and `-`: the content type and other options of the representation.
    ///   - content: the body, before any coding.
    package init(versao: Int64, form: String, content: [UInt8]) {
        var hash = Fingerprint()
        hash.add(content)
        let digits = String(hash.value, radix: 16)
        self.opaque = "\(versao)-\(form)-" + String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The value of `ETag`.
    package var headerValue: String { "\"\(self.opaque)\"" }

    /// Whether `If-None-Match` names this tag (RFC 9110 §13.1.2: weak comparison, `*` matches). A malformed header matches nothing.
    package func isNamed(byIfNoneMatch fields: HTTPFields) -> Bool {
        let value = fields[values: .ifNoneMatch].joined(separator: ",")
        var rest = value.utf8[...]
        while let first = rest.first {
            switch first {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: ","):
                rest.removeFirst()
            case UInt8(ascii: "*"):
                // Valid only alone: it is no member of a list.
                return value.utf8.allSatisfy { $0 == first || $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
                    && value.utf8.count { $0 == first } == 1
            default:
                guard let tag = Self.nextTag(&rest) else { return false }
                if tag.elementsEqual(self.opaque.utf8) { return true }
            }
        }
        return false
    }

    /// Removes `"…"` or `W/"…"` from the front.
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
    /// The content with its tag, or 304 without the content headers if the caller has it.
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

extension Response {
    /// An answer with a JSON body.
    package static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

extension HTTPFields {
    /// The headers of a read of private data that may change at any time, so a cache must revalidate it.
    package static let revalidated: HTTPFields = [.cacheControl: "private, no-cache", .vary: "Accept, Accept-Encoding, Authorization"]
}

/// A 64-bit hash that is the same in every process and version (FNV-1a): distinguishes contents; not for secrets and not collision-resistant against attackers.
struct Fingerprint: Sendable {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Adds bytes.
    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { self.value = (self.value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    /// Adds one of several parts: the length of each part counts, and so does its absence.
    mutating func add(part: String?) {
        self.add("\(part?.utf8.count ?? -1):".utf8)
        if let part { self.add(part.utf8) }
    }
}
