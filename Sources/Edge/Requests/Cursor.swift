import Access
package import Contrato
import FluxoDeCaixa

/// The position at which a list continues: opaque to callers and valid only for the filters that it was made with.
///
/// base64url of a version byte, a hash of the filters and the position. It contains no secret and is not trusted: rights are checked at each
/// call, and a forged position is only another start.
package struct Cursor: Sendable, Equatable {
    private static let version: UInt8 = 1
    private static let hashBytes = 8
    /// Longest text that is decoded, in bytes.
    private static let textMaxBytes = 512

    /// The last item of the page, in the format of the list.
    package let position: String
    private let filters: UInt64

    /// - Parameter filters: everything that determines the list's contents, in a fixed order; absent ones are nil. Includes the token's
    ///   accounts where they matter.
    package init(after position: String, filters: [String?]) {
        self.position = position
        self.filters = Self.hash(filters)
    }

    /// Reads the parameter `cursor`.
    /// - Throws: a fault of `cursor` if it is malformed or was made with other filters.
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

    /// The fault of a malformed cursor; also for a position that the list cannot read.
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
