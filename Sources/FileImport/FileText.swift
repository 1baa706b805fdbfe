/// Text of files whose encoding is not declared, or declared wrongly.
enum FileText {
    /// Code points U+0080…U+009F of Windows-1252 (WHATWG Encoding, index windows-1252): bytes 0x80…0x9F.
    private static let windows1252: [Unicode.Scalar] = [
        "\u{20AC}", "\u{81}", "\u{201A}", "\u{192}", "\u{201E}", "\u{2026}", "\u{2020}", "\u{2021}", "\u{2C6}", "\u{2030}", "\u{160}",
        "\u{2039}", "\u{152}", "\u{8D}", "\u{17D}", "\u{8F}", "\u{90}", "\u{2018}", "\u{2019}", "\u{201C}", "\u{201D}", "\u{2022}",
        "\u{2013}", "\u{2014}", "\u{2DC}", "\u{2122}", "\u{161}", "\u{203A}", "\u{153}", "\u{9D}", "\u{17E}", "\u{178}",
    ]

    /// Returns the bytes as UTF-8 if they are valid UTF-8, and as Windows-1252 otherwise.
    ///
    /// A text of Windows-1252 with a letter outside ASCII is almost never valid UTF-8, so what a header declares is not needed.
    static func decode(_ bytes: some Collection<UInt8>) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var scalars = String.UnicodeScalarView()
        for byte in bytes {
            scalars.append((0x80...0x9F).contains(byte) ? self.windows1252[Int(byte) - 0x80] : Unicode.Scalar(byte))
        }
        return String(scalars)
    }

    /// Returns the text with each run of white space and control characters as one space, and none at its ends.
    static func collapse(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        var isSpaceDue = false
        for scalar in text.unicodeScalars {
            if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.properties.isWhitespace {
                isSpaceDue = !scalars.isEmpty
                continue
            }
            if isSpaceDue { scalars.append(" ") }
            isSpaceDue = false
            scalars.append(scalar)
        }
        return String(scalars)
    }

    /// Returns the first characters of a text, counted in Unicode scalars, without a space at the end.
    static func cut(_ text: String, scalarsMax: Int) -> String {
        guard let end = text.unicodeScalars.index(text.startIndex, offsetBy: scalarsMax, limitedBy: text.endIndex) else { return text }
        return self.collapse(String(text.unicodeScalars[..<end]))
    }

    /// Why bytes are no text that can be imported, from the first of them; nil if they may be.
    static func refusal(ofFileBeginning bytes: some Collection<UInt8>) -> String? {
        let first = Array(bytes.prefix(4))
        if first.starts(with: [0x50, 0x4B]) {
            return "O arquivo é um ZIP (ou uma planilha do Excel); envie o arquivo OFX ou CSV que está dentro."
        }
        if first.starts(with: Array("%PDF".utf8)) { return "O arquivo é um PDF; peça ao banco o extrato em OFX ou CSV." }
        if first.starts(with: [0xD0, 0xCF, 0x11, 0xE0]) { return "O arquivo é uma planilha antiga do Excel; salve-a como CSV." }
        if first.starts(with: [0xFF, 0xFE]) || first.starts(with: [0xFE, 0xFF]) {
            return "O arquivo está em UTF-16; salve-o em UTF-8 ou Windows-1252."
        }
        return nil
    }
}
