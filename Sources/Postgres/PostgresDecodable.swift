/// A value that can be read from a result column, in PostgreSQL's binary format.
public protocol PostgresDecodable: Sendable {
    /// Whether the value can be read from a column of this type.
    static func isDecodable(fromTypeOID oid: UInt32) -> Bool
    /// Reads the value from a column that is not null.
    /// - Throws: ``PostgresError/Code/decoding`` if the bytes are not such a value.
    init(postgresBytes bytes: ArraySlice<UInt8>) throws(PostgresError)
}

extension FixedWidthInteger {
    init(bigEndianBytes bytes: ArraySlice<UInt8>) throws(PostgresError) {
        guard bytes.count == MemoryLayout<Self>.size else {
            throw PostgresError(.decoding, detail: "\(bytes.count) bytes where \(MemoryLayout<Self>.size) were expected")
        }
        var value: Self = 0
        for byte in bytes { value = value << 8 | Self(truncatingIfNeeded: byte) }
        self = value
    }
}

extension Bool: PostgresDecodable {
    /// `boolean`
    public static func isDecodable(fromTypeOID oid: UInt32) -> Bool { oid == PostgresType.bool.oid }
    /// One byte.
    public init(postgresBytes bytes: ArraySlice<UInt8>) throws(PostgresError) {
        self = try UInt8(bigEndianBytes: bytes) != 0
    }
}

extension Int64: PostgresDecodable {
    /// `bigint`
    public static func isDecodable(fromTypeOID oid: UInt32) -> Bool { oid == PostgresType.int8.oid }
    /// Eight bytes.
    public init(postgresBytes bytes: ArraySlice<UInt8>) throws(PostgresError) { try self.init(bigEndianBytes: bytes) }
}

extension Int32: PostgresDecodable {
    /// `integer`
    public static func isDecodable(fromTypeOID oid: UInt32) -> Bool { oid == PostgresType.int4.oid }
    /// Four bytes.
    public init(postgresBytes bytes: ArraySlice<UInt8>) throws(PostgresError) { try self.init(bigEndianBytes: bytes) }
}

extension String: PostgresDecodable {
    /// `text` and `character varying`
    public static func isDecodable(fromTypeOID oid: UInt32) -> Bool {
        oid == PostgresType.text.oid || oid == PostgresType.varchar.oid
    }
    /// UTF-8: the session's `client_encoding` is fixed to it.
    public init(postgresBytes bytes: ArraySlice<UInt8>) throws(PostgresError) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw PostgresError(.decoding, detail: "text that is not UTF-8")
        }
        self = text
    }
}
