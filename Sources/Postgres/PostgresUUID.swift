/// A `uuid` value: 128 bits, which sort as the server sorts them.
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
    public static var acceptedTypeOIDs: [UInt32] { [PostgresType.uuid.oid] }
    /// Sixteen bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        self.bits.appendBigEndian(to: &bytes)
        return true
    }
    /// Sixteen bytes.
    public init(postgresBytes bytes: ArraySlice<UInt8>) throws(PostgresError) { self.init(try UInt128(bigEndianBytes: bytes)) }
}
