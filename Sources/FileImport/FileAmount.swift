/// An amount as banks and people write it, read without binary floating point: `-1234.56`, `1.234,56`, `R$ 1,234.56`, `(10,00)`.
struct FileAmount: Equatable {
    /// How one separator followed by three digits is read: `1.234`.
    enum SingleSeparator {
        /// As the decimal one: OFX has no separators of thousands (OFX 1.02, section 3.2.9.1).
        case decimal
        /// Not at all: it may be one thousand or one.
        case ambiguous
    }

    var isNegative: Bool
    /// Digits with a point and two decimals, without leading zeros: `1234.56`.
    var text: String

    var isZero: Bool { self.text == "0.00" }

    /// `nil` for anything that is not surely one amount with at most two decimals; further decimals may be zeros.
    init?(_ written: String, singleSeparator: SingleSeparator) {
        var text = FileText.collapse(written)[...]
        var isNegative = false
        if text.first == "(", text.last == ")" {
            isNegative = true
            text = text.dropFirst().dropLast()
        }
        var signs = 0
        func takeSign() {
            guard let sign = text.first, sign == "-" || sign == "+" || sign == "\u{2212}" else { return }
            signs += 1
            if sign != "+" { isNegative = true }
            text = text.dropFirst().drop(while: \.isWhitespace)
        }
        takeSign()
        if text.hasPrefix("R$") { text = text.dropFirst(2).drop(while: \.isWhitespace) }
        takeSign()
        guard signs <= 1, let (whole, decimals) = Self.parts(Array(text.utf8), singleSeparator) else { return nil }
        let kept = decimals.prefix(2) + Array(repeating: UInt8(ascii: "0"), count: max(0, 2 - decimals.count))
        guard decimals.dropFirst(2).allSatisfy({ $0 == UInt8(ascii: "0") }) else { return nil }
        let significant = whole.drop { $0 == UInt8(ascii: "0") }
        let digits = significant.isEmpty ? [UInt8(ascii: "0")] : Array(significant)
        self.isNegative = isNegative
        self.text = String(decoding: digits + [UInt8(ascii: ".")] + kept, as: UTF8.self)
    }

    /// Splits digits at the decimal separator and removes the separators of thousands.
    private static func parts(_ text: [UInt8], _ singleSeparator: SingleSeparator) -> (whole: [UInt8], decimals: [UInt8])? {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let separators = text.indices.filter { !digits.contains(text[$0]) }
        guard separators.allSatisfy({ text[$0] == UInt8(ascii: ".") || text[$0] == UInt8(ascii: ",") }), text.count > separators.count
        else {
            return nil
        }
        guard let last = separators.last else { return (text, []) }
        let others = separators.dropLast()
        let isGrouping = others.contains { text[$0] == text[last] }
        let decimals = Array(text[(last + 1)...])
        if others.isEmpty, decimals.count == 3, singleSeparator == .ambiguous { return nil }
        if isGrouping {
            // The same separator twice: thousands only, as in 1.234.567.
            guard Set(separators.map { text[$0] }).count == 1 else { return nil }
            return Self.whole(text[...]).map { ($0, []) }
        }
        guard !decimals.isEmpty, Set(others.map { text[$0] }).count <= 1 else { return nil }
        if others.isEmpty { return last == 0 ? ([], decimals) : (Array(text[..<last]), decimals) }
        return Self.whole(text[..<last]).map { ($0, decimals) }
    }

    /// Returns the digits of groups of three, the first of one to three.
    private static func whole(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let groups = text.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ",") }
        guard let first = groups.first, (1...3).contains(first.count), groups.dropFirst().allSatisfy({ $0.count == 3 }) else { return nil }
        return Array(groups.joined())
    }
}
