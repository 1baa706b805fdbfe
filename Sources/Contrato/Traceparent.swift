import FluxoDeCaixa

/// A W3C trace context in the form of its header, `00-<trace id>-<span id>-<flags>`, carried as text from hop to hop.
///
/// Source: https://www.w3.org/TR/trace-context/#traceparent-header
package struct Traceparent: Sendable, Hashable, CustomStringConvertible {
    /// The two halves of the 128-bit trace id, not both zero.
    private let first: UInt64
    private let last: UInt64
    /// Not zero.
    private let span: UInt64
    /// Whether the caller recorded this trace: bit 0 of the flags, the only one that version 00 defines.
    package let isSampled: Bool

    private static let byteCount = 55

    /// Reads a header; `nil` if it is invalid, so that the caller starts a new trace (§3.2.2.5).
    ///
    /// A version above 00 may have more fields after the flags; they are ignored. Version `ff` is invalid.
    package init?(parsing header: String) {
        var header = header
        guard let read = header.withUTF8({ Traceparent(bytes: $0) }) else { return nil }
        self = read
    }

    private init?(bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count >= Self.byteCount, bytes.count <= 512 else { return nil }
        guard let version = Self.number(bytes[0..<2]), version != 0xFF else { return nil }
        guard bytes.count == Self.byteCount || (version > 0 && bytes[Self.byteCount] == Self.dash) else { return nil }
        guard bytes[2] == Self.dash, bytes[35] == Self.dash, bytes[52] == Self.dash else { return nil }
        guard let first = Self.number(bytes[3..<19]), let last = Self.number(bytes[19..<35]), let span = Self.number(bytes[36..<52]),
            let flags = Self.number(bytes[53..<55]), first | last != 0, span != 0
        else { return nil }
        self.init(first: first, last: last, span: span, isSampled: flags & 1 == 1)
    }

    private init(first: UInt64, last: UInt64, span: UInt64, isSampled: Bool) {
        self.first = first
        self.last = last
        self.span = span
        self.isSampled = isSampled
    }

    /// Returns a new trace, not sampled because no caller asked for recording.
    package static func new(using random: inout some RandomNumberGenerator) -> Traceparent {
        let first = UInt64.random(in: 1...UInt64.max, using: &random)
        let last = random.next()
        return Traceparent(first: first, last: last, span: UInt64.random(in: 1...UInt64.max, using: &random), isSampled: false)
    }

    /// Returns the same trace with a new span.
    package func child(using random: inout some RandomNumberGenerator) -> Traceparent {
        Traceparent(
            first: self.first, last: self.last, span: UInt64.random(in: 1...UInt64.max, using: &random), isSampled: self.isSampled)
    }

    /// 32 lower-case hexadecimal digits, not all zero.
    package var traceID: String {
        String(decoding: self.description.utf8.dropFirst(3).prefix(32), as: UTF8.self)
    }

    /// 16 lower-case hexadecimal digits, not all zero.
    package var spanID: String {
        String(decoding: self.description.utf8.dropFirst(36).prefix(16), as: UTF8.self)
    }

    /// The header, version 00.
    package var description: String {
        String(unsafeUninitializedCapacity: Self.byteCount) { text in
            var writer = DigitWriter(text)
            writer.hexadecimal(0, digits: 2)
            writer.literal("-")
            writer.hexadecimal(self.first, digits: 16)
            writer.hexadecimal(self.last, digits: 16)
            writer.literal("-")
            writer.hexadecimal(self.span, digits: 16)
            writer.literal("-")
            writer.hexadecimal(self.isSampled ? 1 : 0, digits: 2)
            return writer.written
        }
    }

    private static let dash = UInt8(ascii: "-")

    /// Returns the value of at most 16 digits; `nil` if one is not a lower-case hexadecimal digit.
    private static func number(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            guard let value = digit.hexadecimalValue, !(UInt8(ascii: "A")...UInt8(ascii: "F")).contains(digit) else { return nil }
            number = number << 4 | UInt64(value)
        }
        return number
    }
}
