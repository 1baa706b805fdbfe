import HTTPTypes

/// Which codings of an answer the client takes (RFC 9110 §12.5.3). We have `gzip` and none.
struct AcceptEncoding: Equatable {
    /// The client takes gzip, and likes it at least as well as no coding.
    let takesGzip: Bool
    /// The client takes an answer without coding.
    let takesIdentity: Bool

    /// Longest header that is looked at, in bytes; of a longer one the rest is ignored.
    private static let maxBytes = 2048

    init(_ headers: HTTPFields) {
        var weights: [String: Int] = [:]
        let value = headers[values: .acceptEncoding].joined(separator: ",")
        for element in value.utf8.prefix(Self.maxBytes).split(separator: UInt8(ascii: ",")) {
            let text = String(decoding: element.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }, as: UTF8.self).lowercased()
            let parts = text.split(separator: ";")
            guard let coding = parts.first else { continue }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
            weights[String(coding)] = weight.map { QualityValue.thousandths($0.dropFirst(2)) } ?? 1000
        }
        // RFC 9110 §8.4.1.3: x-gzip is the same. Without a header everything would be allowed, but nothing was asked for.
        let gzip = weights["gzip"] ?? weights["x-gzip"] ?? weights["*"] ?? 0
        // Not named, no coding is allowed unless `*;q=0` forbids it.
        let identity = weights["identity"] ?? (weights["*"] == 0 ? 0 : nil)
        self.takesGzip = gzip > 0 && gzip >= identity ?? 0
        self.takesIdentity = identity != 0
    }
}
