import FluxoDeCaixa
package import HTTPTypes

/// The media types of answers.
package enum Representacao: String, Sendable, CaseIterable {
    case json = "application/json"
    case csv = "text/csv"
    case ndjson = "application/x-ndjson"
}

/// Chooses the form of an answer by the header `Accept` (RFC 9110 §12.5.1).
package enum Accept {
    /// The offered form with the highest weight; of equal weights the one offered first.
    ///
    /// Without an acceptable form it is the first one, never 406 (RFC 9110 §15.5.7 allows that).
    package static func choose(_ headers: HTTPFields, from offered: [Representacao]) -> Representacao {
        let ranges = WeightedElement.list(headers, .accept).filter { $0.name.contains("/") }
        var best = (representacao: offered[0], quality: 0)
        for representacao in offered {
            let quality = self.quality(of: representacao, ranges)
            if quality > best.quality { best = (representacao, quality) }
        }
        return best.representacao
    }

    /// The weight in thousandths, by the most specific matching range.
    private static func quality(of representacao: Representacao, _ ranges: [WeightedElement]) -> Int {
        let matching = ranges.filter { range in
            switch self.specificity(range) {
            case 0: true
            case 1: representacao.rawValue.hasPrefix(range.name.dropLast())
            default: representacao.rawValue == range.name
            }
        }
        return matching.max { self.specificity($0) < self.specificity($1) }?.weight ?? 0
    }

    private static func specificity(_ range: WeightedElement) -> Int {
        range.name == "*/*" ? 0 : range.name.hasSuffix("/*") ? 1 : 2
    }
}

/// The header `Prefer` (RFC 7240), of which only `wait` is supported; the rest is ignored, as the RFC requires.
package enum Prefer {
    /// Longest header that is read, in bytes; the rest is ignored.
    private static let maxBytes = 2048

    /// The longest wait that the caller prefers, in seconds; nil without `wait`, or with one that is no whole number.
    ///
    /// Of several `wait` the first counts (RFC 7240 §2).
    package static func waitS(_ fields: HTTPFields, maxS: Int) -> Int? {
        let value = fields[values: .prefer].joined(separator: ",")
        for preference in self.split(value.utf8.prefix(self.maxBytes)[...], at: UInt8(ascii: ",")) {
            // Parameters come after a semicolon; `wait` has none.
            guard let body = self.split(preference, at: UInt8(ascii: ";")).first else { continue }
            let parts = body.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false).map(\.trimmed)
            guard String(decoding: parts[0], as: UTF8.self).lowercased() == "wait" else { continue }
            return parts.count == 2 ? self.seconds(self.unquoted(parts[1]), maxS: maxS) : nil
        }
        return nil
    }

    /// The number, at most `maxS`.
    private static func seconds(_ digits: Substring.UTF8View, maxS: Int) -> Int? {
        guard !digits.isEmpty else { return nil }
        var seconds = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            seconds = min(maxS, seconds * 10 + Int(digit - 0x30))
        }
        return seconds
    }

    /// Splits at a byte outside quoted strings.
    private static func split(_ bytes: Substring.UTF8View, at separator: UInt8) -> [Substring.UTF8View] {
        var parts: [Substring.UTF8View] = []
        var start = bytes.startIndex
        var isQuoted = false
        var isEscaped = false
        for index in bytes.indices {
            let byte = bytes[index]
            if isEscaped {
                isEscaped = false
            } else if isQuoted, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if byte == separator, !isQuoted {
                parts.append(bytes[start..<index])
                start = bytes.index(after: index)
            }
        }
        parts.append(bytes[start...])
        return parts
    }

    private static func unquoted(_ bytes: Substring.UTF8View) -> Substring.UTF8View {
        let quote = UInt8(ascii: "\"")
        guard bytes.count >= 2, bytes.first == quote, bytes.last == quote else { return bytes }
        return bytes.dropFirst().dropLast()
    }
}

extension HTTPField.Name {
    /// RFC 7240.
    package static let prefer = Self("Prefer")!
    /// RFC 7240.
    package static let preferenceApplied = Self("Preference-Applied")!
}

/// An element of a header of content negotiation, with its weight in thousandths (RFC 9110 §12.4.2).
struct WeightedElement {
    /// Longest header that is read, in bytes; the rest is ignored.
    private static let maxBytes = 2048

    /// In lower case.
    let name: String
    /// 1000 without a weight.
    let weight: Int

    static func list(_ fields: HTTPFields, _ field: HTTPField.Name) -> [WeightedElement] {
        let value = fields[values: field].joined(separator: ",")
        return value.utf8.prefix(self.maxBytes).split(separator: UInt8(ascii: ",")).compactMap { element in
            let text = String(decoding: element.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }, as: UTF8.self).lowercased()
            let parts = text.split(separator: ";")
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
            return parts.first.map {
                WeightedElement(name: String($0), weight: weight.map { self.thousandths($0.dropFirst(2)) } ?? 1000)
            }
        }
    }

    /// `0.123` is 123; a malformed weight is 0, so that its form is not chosen.
    private static func thousandths(_ weight: Substring) -> Int {
        guard let value = Double(weight), (0...1).contains(value) else { return 0 }
        return Int((value * 1000).rounded())
    }
}
