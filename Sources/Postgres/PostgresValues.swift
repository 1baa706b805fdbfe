/// A `bytea` value.
public struct PostgresBytes: Sendable, Hashable {
    /// The bytes.
    public let bytes: [UInt8]
    /// Wraps the bytes.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
}

extension PostgresBytes: PostgresArrayElement, PostgresDecodable {
    /// `bytea`
    public static var postgresType: PostgresType { .bytea }
    /// `bytea`
    public static func isDecodable(fromTypeOID oid: UInt32) -> Bool { oid == PostgresType.bytea.oid }
    /// The bytes as they are.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(contentsOf: self.bytes)
        return true
    }
    /// The bytes as they are.
    public init(postgresBytes bytes: ArraySlice<UInt8>) throws(PostgresError) { self.init(Array(bytes)) }
}

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
    public static func isDecodable(fromTypeOID oid: UInt32) -> Bool { oid == PostgresType.date.oid }
    /// Four bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool { self.daysSince2000.encode(into: &bytes) }
    /// Four bytes.
    public init(postgresBytes bytes: ArraySlice<UInt8>) throws(PostgresError) {
        self.init(daysSince2000: try Int32(bigEndianBytes: bytes))
    }
}

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
    public static func isDecodable(fromTypeOID oid: UInt32) -> Bool { oid == PostgresType.timestamptz.oid }
    /// Eight bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool { self.microsecondsSince2000.encode(into: &bytes) }
    /// Eight bytes.
    public init(postgresBytes bytes: ArraySlice<UInt8>) throws(PostgresError) {
        self.init(microsecondsSince2000: try Int64(bigEndianBytes: bytes))
    }
}

/// A `uuid` value: 128 bits, ordered as the server orders them.
public struct PostgresUUID: Sendable, Hashable {
    /// The bits, the first byte of the text form in the highest place.
    public let bits: UInt128
    /// Wraps the bits.
    public init(_ bits: UInt128) { self.bits = bits }
}

extension PostgresUUID: PostgresArrayElement, PostgresDecodable {
    /// `uuid`
    public static var postgresType: PostgresType { .uuid }
    /// `uuid`
    public static func isDecodable(fromTypeOID oid: UInt32) -> Bool { oid == PostgresType.uuid.oid }
    /// Sixteen bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        self.bits.appendBigEndian(to: &bytes)
        return true
    }
    /// Sixteen bytes.
    public init(postgresBytes bytes: ArraySlice<UInt8>) throws(PostgresError) { self.init(try UInt128(bigEndianBytes: bytes)) }
}
