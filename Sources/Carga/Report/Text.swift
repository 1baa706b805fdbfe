/// Numbers for people.
enum Text {
    /// Whole numbers; beyond 10,000 with thousands apart.
    static func rate(_ value: Double) -> String {
        guard value.isFinite else { return "-" }
        return self.grouped(Int(value.rounded()))
    }

    /// Milliseconds, as exact as they are worth.
    static func ms(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "-" }
        return switch value {
        case ..<10: self.decimals(value, 2)
        case ..<100: self.decimals(value, 1)
        default: self.grouped(Int(value.rounded()))
        }
    }

    /// At most so many decimals, without exponent.
    static func decimals(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "-" }
        var scale: Int64 = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int64((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(scaled)" }
        return "\(sign)\(scaled / scale).\(String(scaled % scale + scale).dropFirst())"
    }

    /// From 10,000 on with thousands apart.
    static func grouped(_ value: Int) -> String {
        value < 10_000 ? "\(value)" : self.thousands(value)
    }

    private static func thousands(_ value: Int) -> String {
        value < 1000 ? "\(value)" : "\(self.thousands(value / 1000)),\(String(value % 1000 + 1000).dropFirst())"
    }

    static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
