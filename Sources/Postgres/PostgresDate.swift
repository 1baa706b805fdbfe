/// A `date` value: days since 2000-01-01 in the proleptic Gregorian calendar, as the server counts them.
public struct PostgresDate: Sendable, Hashable {
    /// Days since 2000-01-01.
    public let daysSince2000: Int32
    /// Wraps the count.
    public init(daysSince2000: Int32) { self.daysSince2000 = daysSince2000 }
}

extension PostgresDate: PostgresArrayElement, PostgresDecodable {
    /// `date`
    public static var postgresType: PostgresType { .date }
    /// `date`
    public static var acceptedTypeOIDs: [UInt32] { [PostgresType.date.oid] }
    /// Four bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool { self.daysSince2000.encode(into: &bytes) }
    /// Four bytes.
    public init(postgresBytes bytes: ArraySlice<UInt8>) throws(PostgresError) {
        self.init(daysSince2000: try Int32(bigEndianBytes: bytes))
    }
}
