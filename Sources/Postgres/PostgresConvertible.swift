/// A type that is stored as another one: it is bound and read as that one.
///
/// ```swift
/// extension Price: PostgresConvertible {
///     var postgresValue: Int64 { self.cents }
///     init?(postgresValue: Int64) { self.init(cents: postgresValue) }
/// }
/// ```
/// A `RawRepresentable` type whose raw value can be stored needs no members.
public protocol PostgresConvertible: PostgresArrayElement, PostgresDecodable {
    /// The type that it is stored as.
    associatedtype PostgresValue: PostgresArrayElement & PostgresDecodable
    /// The value as it is stored.
    var postgresValue: PostgresValue { get }
    /// Makes the value from what is stored; nil if that breaks the rules of the type.
    init?(postgresValue: PostgresValue)
}

// Inlinable, so that a conformance in another module calls the stored type's code directly: a batch encodes thousands of values.
extension PostgresConvertible {
    /// The stored type's.
    @inlinable public static var postgresType: PostgresType { PostgresValue.postgresType }
    /// The stored type's.
    @inlinable public static func isDecodable(fromTypeOID oid: UInt32) -> Bool { PostgresValue.isDecodable(fromTypeOID: oid) }
    /// The stored value's bytes.
    @inlinable public func encode(into bytes: inout [UInt8]) -> Bool { self.postgresValue.encode(into: &bytes) }
    /// Reads the stored value.
    /// - Throws: ``PostgresError/Code/decoding`` also if the stored value breaks the rules of the type.
    @inlinable public init(postgresBytes bytes: ArraySlice<UInt8>) throws(PostgresError) {
        guard let value = Self(postgresValue: try PostgresValue(postgresBytes: bytes)) else {
            throw PostgresError(unreadable: "a stored value breaks the rules of \(Self.self)")
        }
        self = value
    }
}

extension PostgresConvertible where Self: RawRepresentable, RawValue: PostgresArrayElement & PostgresDecodable {
    /// The raw value.
    @inlinable public var postgresValue: RawValue { self.rawValue }
    /// The case of the raw value; nil if there is none.
    @inlinable public init?(postgresValue: RawValue) { self.init(rawValue: postgresValue) }
}
