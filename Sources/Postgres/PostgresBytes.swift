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
    public static var acceptedTypeOIDs: [UInt32] { [PostgresType.bytea.oid] }
    /// As they are.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(contentsOf: self.bytes)
        return true
    }
    /// As they are.
    public init(postgresBytes bytes: ArraySlice<UInt8>) throws(PostgresError) { self.init(Array(bytes)) }
}
