/// Markup. What is interpolated as text is escaped here, so only literals of this module are markup.
struct HTML: ExpressibleByStringInterpolation, Sendable, Equatable {
    private(set) var markup: String

    init(stringLiteral value: String) {
        self.markup = value
    }

    init(stringInterpolation: StringInterpolation) {
        self.markup = stringInterpolation.markup
    }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var markup = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            self.markup.reserveCapacity(literalCapacity + interpolationCount * 32)
        }

        mutating func appendLiteral(_ literal: String) {
            self.markup += literal
        }

        mutating func appendInterpolation(_ text: some StringProtocol) {
            self.markup += HTML.escaped(text)
        }

        mutating func appendInterpolation(_ number: Int) {
            self.markup += String(number)
        }

        mutating func appendInterpolation(_ html: HTML) {
            self.markup += html.markup
        }

        mutating func appendInterpolation(_ parts: [HTML]) {
            for part in parts { self.markup += part.markup }
        }
    }

    static func + (lhs: HTML, rhs: HTML) -> HTML {
        "\(lhs)\(rhs)"
    }

    static func += (lhs: inout HTML, rhs: HTML) {
        lhs.markup += rhs.markup
    }

    var isEmpty: Bool { self.markup.isEmpty }

    /// Text as HTML text or as the value of a quoted attribute.
    static func escaped(_ text: some StringProtocol) -> String {
        var escaped: [UInt8] = []
        escaped.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): escaped += "&amp;".utf8
            case UInt8(ascii: "<"): escaped += "&lt;".utf8
            case UInt8(ascii: ">"): escaped += "&gt;".utf8
            case UInt8(ascii: "\""): escaped += "&quot;".utf8
            default: escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}

extension Sequence<HTML> {
    func joined(by separator: HTML) -> HTML {
        var joined: HTML = ""
        for (position, part) in self.enumerated() {
            if position > 0 { joined += separator }
            joined += part
        }
        return joined
    }
}
