/// A W3C trace context in the form of its header, `00-<trace id>-<span id>-<flags>`, carried as text from hop to hop.
///
/// Source: https://www.w3.org/TR/trace-context/#traceparent-header
package struct Traceparent: Sendable, Hashable, CustomStringConvertible {
    /// 32 lower-case hexadecimal digits, not all zero.
    package let traceID: String
    /// 16 lower-case hexadecimal digits, not all zero.
    package let spanID: String
    /// Whether the caller recorded this trace (bit 0 of the flags; the others have no meaning in version 00).
    package let isSampled: Bool

    /// Reads a header. `nil`: not valid, so that a new trace starts, as the recommendation asks (§3.2.2.5).
    ///
    /// A version above 00 may carry more after the flags; it is read as far as version 00 goes. Version `ff` is not valid.
    package init?(parsing header: String) {
        let bytes = Array(header.utf8)
        guard bytes.count >= 55, bytes.count <= 512 else { return nil }
        guard let version = Self.hex(bytes[0..<2]), version != "ff", bytes[2] == Self.dash else { return nil }
        guard version == "00" ? bytes.count == 55 : (bytes.count == 55 || bytes[55] == Self.dash) else { return nil }
        guard let trace = Self.hex(bytes[3..<35]), trace.utf8.contains(where: { $0 != Self.zero }), bytes[35] == Self.dash else {
            return nil
        }
        guard let span = Self.hex(bytes[36..<52]), span.utf8.contains(where: { $0 != Self.zero }), bytes[52] == Self.dash else {
            return nil
        }
        guard let flags = Self.hex(bytes[53..<55]), let value = UInt8(flags, radix: 16) else { return nil }
        self.init(traceID: trace, spanID: span, isSampled: value & 1 == 1)
    }

    private init(traceID: String, spanID: String, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// A new trace, not sampled: nobody asked for it to be recorded.
    package static func new(using random: inout some RandomNumberGenerator) -> Traceparent {
        let high = UInt64.random(in: 1...UInt64.max, using: &random)
        let low = random.next()
        return Traceparent(
            traceID: self.hex(high) + self.hex(low), spanID: self.hex(UInt64.random(in: 1...UInt64.max, using: &random)), isSampled: false
        )
    }

    /// The same trace with a span of this hop.
    package func child(using random: inout some RandomNumberGenerator) -> Traceparent {
        Traceparent(
            traceID: self.traceID, spanID: Self.hex(UInt64.random(in: 1...UInt64.max, using: &random)), isSampled: self.isSampled
        )
    }

    /// The header, version 00.
    package var description: String {
        "00-\(self.traceID)-\(self.spanID)-\(self.isSampled ? "01" : "00")"
    }

    private static let dash = UInt8(ascii: "-")
    private static let zero = UInt8(ascii: "0")

    /// The digits as text; `nil` if one is not a lower-case hexadecimal digit.
    private static func hex(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
