/// Whole numbers of up to 38 digits as `numeric`.
///
/// The binary form (`numeric_send` in the server's `numeric.c`): counts of base-10000 digits, weight of the first one, sign, display scale,
/// then the digits, two bytes each.
extension Int128: PostgresArrayElement, PostgresDecodable {
    private static var negativeSign: UInt16 { 0x4000 }
    private static var base: UInt128 { 10_000 }

    /// `numeric`
    public static var postgresType: PostgresType { .numeric }
    /// `numeric`
    public static func isDecodable(fromTypeOID oid: UInt32) -> Bool { oid == PostgresType.numeric.oid }

    /// Base-10000 digits without trailing zeros.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        var digits: [UInt16] = []
        var rest = self.magnitude
        while rest > 0 {
            digits.append(UInt16(rest % Self.base))
            rest /= Self.base
        }
        let weight = Int16(digits.count - 1)
        let significant = digits.drop { $0 == 0 }.reversed()
        UInt16(significant.count).appendBigEndian(to: &bytes)
        (significant.isEmpty ? Int16(0) : weight).appendBigEndian(to: &bytes)
        (self < 0 ? Self.negativeSign : 0).appendBigEndian(to: &bytes)
        UInt16(0).appendBigEndian(to: &bytes)
        for digit in significant { digit.appendBigEndian(to: &bytes) }
        return true
    }

    /// - Throws: ``PostgresError/Code/decoding`` for a fraction, NaN, infinity or a number past 128 bits.
    public init(postgresBytes bytes: ArraySlice<UInt8>) throws(PostgresError) {
        func field(_ index: Int) throws(PostgresError) -> UInt16 {
            let start = bytes.startIndex + index * 2
            guard start + 2 <= bytes.endIndex else { throw PostgresError(.decoding, detail: "a numeric that ends early") }
            return try UInt16(bigEndianBytes: bytes[start..<start + 2])
        }
        let count = Int(try field(0))
        let weight = Int(Int16(bitPattern: try field(1)))
        let sign = try field(2)
        guard sign == 0 || sign == Self.negativeSign else { throw PostgresError(.decoding, detail: "a numeric that is no number") }
        guard count - 1 <= weight || count == 0 else { throw PostgresError(.decoding, detail: "a numeric with a fraction") }
        var magnitude: UInt128 = 0
        for position in 0..<(count == 0 ? 0 : weight + 1) {
            let digit = position < count ? UInt128(try field(4 + position)) : 0
            let (product, tooLarge) = magnitude.multipliedReportingOverflow(by: Self.base)
            let (sum, carried) = product.addingReportingOverflow(digit)
            if tooLarge || carried { throw PostgresError(.decoding, detail: "a numeric past 128 bits") }
            magnitude = sum
        }
        guard magnitude <= UInt128(Int128.max) else { throw PostgresError(.decoding, detail: "a numeric past 128 bits") }
        self = sign == 0 ? Int128(magnitude) : -Int128(magnitude)
    }
}
