package import Contrato
import FluxoDeCaixa

/// Where a list goes on: opaque to callers, and good only for the filters that it was made with.
///
/// base64url of a version byte, a hash of the filters and the position. Nothing in it is secret, and nothing in it is believed: what the
/// caller may see is checked at each call, and a forged position is only another place to begin at.
package struct Cursor: Sendable, Equatable {
    private static let version: UInt8 = 1
    private static let hashBytes = 8
    /// Longest text that is looked at, in bytes.
    private static let textMaxBytes = 512

    /// The last item that was given, in the list's own terms.
    package let position: String
    private let filters: UInt64

    /// - Parameter filters: everything that decides what the list holds, the token's accounts included where they do; absent ones as nil,
    ///   always in the same order.
    package init(after position: String, filters: [String?]) {
        self.position = position
        self.filters = Self.hash(filters)
    }

    /// Reads the parameter `cursor`.
    /// - Throws: a fault of `cursor` for what is none, and for one that was made with other filters.
    package init(parsing text: String, filters: [String?]) throws(ErrosDeCampo) {
        guard text.utf8.count <= Self.textMaxBytes, let bytes = Base64URL.decode(Array(text.utf8)), bytes.count > Self.hashBytes,
            bytes[0] == Self.version, let position = String(validating: bytes[(1 + Self.hashBytes)...], as: UTF8.self)
        else { throw Self.unreadable }
        self.position = position
        self.filters = bytes[1...Self.hashBytes].reduce(0) { $0 << 8 | UInt64($1) }
        guard self.filters == Self.hash(filters) else {
            throw ErrosDeCampo(
                campo: "cursor", codigo: .valorNaoAceito,
                mensagem: "Pertence a uma lista com outros filtros; repita os filtros com que ele foi dado ou comece sem cursor.")
        }
    }

    /// The fault of what is no cursor; also for a position that the list cannot read.
    package static let unreadable = ErrosDeCampo(
        campo: "cursor", codigo: .formato, mensagem: "Não é um cursor que esta lista deu em `proximo`.")

    /// The value of the parameter.
    package var text: String {
        let hash = (0..<Self.hashBytes).map { UInt8(truncatingIfNeeded: self.filters >> UInt64(8 * (Self.hashBytes - 1 - $0))) }
        return Base64URL.encode([Self.version] + hash + self.position.utf8)
    }

    private static func hash(_ filters: [String?]) -> UInt64 {
        var hash = Fingerprint()
        for filter in filters { hash.add(part: filter) }
        return hash.value
    }
}

extension Base64URL {
    /// The one text that ``decode(_:)`` reads as these bytes.
    static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let buffer = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for character in 0...group.count { text.append(alphabet[Int(buffer >> UInt32(18 - 6 * character)) & 0x3F]) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
