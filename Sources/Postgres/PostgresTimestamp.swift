/// A `timestamp with time zone` value: microseconds since 2000-01-01T00:00:00Z.
public struct PostgresTimestamp: Sendable, Hashable {
    /// Microseconds since 2000-01-01T00:00:00Z.
    public let microsecondsSince2000: Int64
    /// Wraps the count.
    public init(microsecondsSince2000: Int64) { self.microsecondsSince2000 = microsecondsSince2000 }
}

extension PostgresTimestamp: PostgresArrayElement, PostgresDecodable {
    /// `timestamptz`
    public static var postgresType: PostgresType { .timestamptz }
    /// `timestamptz`
    public static var acceptedTypeOIDs: [UInt32] { [PostgresType.timestamptz.oid] }
    /// Eight bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool { self.microsecondsSince2000.encode(into: &bytes) }
    /// Eight bytes.
    public init(postgresBytes bytes: ArraySlice<UInt8>) throws(PostgresError) {
        self.init(microsecondsSince2000: try Int64(bigEndianBytes: bytes))
    }
}
