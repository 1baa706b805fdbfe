package import HTTPTypes

/// The forms in which an answer can be had.
package enum Representacao: String, Sendable, CaseIterable {
    case json = "application/json"
    case csv = "text/csv"
    case ndjson = "application/x-ndjson"
}

/// Chooses the form of an answer by the header `Accept` (RFC 9110 §12.5.1).
package enum Accept {
    /// Longest header that is looked at, in bytes; of a longer one the rest is ignored.
    private static let maxBytes = 2048

    /// The form that the caller likes best among those offered; of equals the one offered first.
    ///
    /// What cannot be served as asked is served as the first one (RFC 9110 §15.5.7 allows it): never 406.
    package static func choose(_ headers: HTTPFields, from offered: [Representacao]) -> Representacao {
        let value = headers[values: .accept].joined(separator: ",")
        let ranges = value.utf8.prefix(self.maxBytes).split(separator: UInt8(ascii: ",")).compactMap(Range.init)
        var best = (representacao: offered[0], quality: 0)
        for representacao in offered {
            let quality = self.quality(of: representacao, ranges)
            if quality > best.quality { best = (representacao, quality) }
        }
        return best.representacao
    }

    /// In thousandths, by the most specific range that matches.
    private static func quality(of representacao: Representacao, _ ranges: [Range]) -> Int {
        ranges.filter { $0.matches(representacao.rawValue) }.max { $0.specificity < $1.specificity }?.quality ?? 0
    }

    /// One media range with its weight.
    private struct Range {
        let type: String
        let quality: Int

        var specificity: Int { self.type == "*/*" ? 0 : self.type.hasSuffix("/*") ? 1 : 2 }

        init?(_ bytes: Substring.UTF8View.SubSequence) {
            let parts = bytes.split(separator: UInt8(ascii: ";")).map { Self.trimmed($0) }
            guard let type = parts.first, type.contains("/") else { return nil }
            self.type = type
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
            self.quality = weight.map { QualityValue.thousandths($0.dropFirst(2)) } ?? 1000
        }

        func matches(_ offered: String) -> Bool {
            switch self.specificity {
            case 0: true
            case 1: offered.hasPrefix(self.type.dropLast())
            default: offered == self.type
            }
        }

        private static func trimmed(_ bytes: Substring.UTF8View.SubSequence) -> String {
            String(decoding: bytes.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }, as: UTF8.self).lowercased()
        }
    }
}
