package import HTTPTypes

/// The header `Prefer` (RFC 7240), of which only `wait` is understood; everything else is ignored, as the RFC asks.
package enum Prefer {
    /// Longest header that is looked at, in bytes; the rest is ignored.
    private static let maxBytes = 2048

    /// How long the caller prefers to wait at most, in seconds; nil if they do not say, or not in whole seconds.
    ///
    /// Of several `wait` the first counts (RFC 7240 §2), whatever it says.
    package static func waitS(_ fields: HTTPFields, maxS: Int) -> Int? {
        let value = fields[values: .prefer].joined(separator: ",")
        for preference in self.split(value.utf8.prefix(self.maxBytes)[...], at: UInt8(ascii: ",")) {
            // Parameters come after a semicolon; `wait` has none.
            guard let body = self.split(preference, at: UInt8(ascii: ";")).first else { continue }
            let parts = body.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false).map { self.trimmed($0) }
            guard String(decoding: parts[0], as: UTF8.self).lowercased() == "wait" else { continue }
            return parts.count == 2 ? self.seconds(self.unquoted(parts[1]), maxS: maxS) : nil
        }
        return nil
    }

    /// Digits, however many; what is more than `maxS` counts as that.
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

    private static func trimmed(_ bytes: Substring.UTF8View) -> Substring.UTF8View {
        func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        var bytes = bytes.drop(while: isSpace)
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        return bytes
    }
}

extension HTTPField.Name {
    /// RFC 7240.
    package static let prefer = Self("Prefer")!
    /// RFC 7240.
    package static let preferenceApplied = Self("Preference-Applied")!
}
