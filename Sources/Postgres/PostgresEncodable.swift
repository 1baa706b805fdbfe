/// A value that can be bound to a parameter, in PostgreSQL's binary format.
public protocol PostgresEncodable: Sendable {
    /// The parameter's type.
    static var postgresTypeOID: UInt32 { get }
    /// Appends the value's bytes.
    /// - Returns: false for an SQL null, which has no bytes.
    func encode(into bytes: inout [UInt8]) -> Bool
}

/// A value that can be an element of an array parameter.
public protocol PostgresArrayElement: PostgresEncodable {
    /// The element's type with its array's.
    static var postgresType: PostgresType { get }
}

extension PostgresArrayElement {
    /// The parameter's type.
    public static var postgresTypeOID: UInt32 { self.postgresType.oid }
}

/// A type of the server, by the object id that `pg_type.dat` fixes for it.
public struct PostgresType: Sendable, Hashable {
    /// The object id.
    public let oid: UInt32
    /// The object id of the array of this type.
    public let arrayOID: UInt32

    static let bool = PostgresType(oid: 16, arrayOID: 1000)
    static let bytea = PostgresType(oid: 17, arrayOID: 1001)
    static let int8 = PostgresType(oid: 20, arrayOID: 1016)
    static let int4 = PostgresType(oid: 23, arrayOID: 1007)
    static let text = PostgresType(oid: 25, arrayOID: 1009)
    static let varchar = PostgresType(oid: 1043, arrayOID: 1015)
    static let date = PostgresType(oid: 1082, arrayOID: 1182)
    static let timestamptz = PostgresType(oid: 1184, arrayOID: 1185)
    static let numeric = PostgresType(oid: 1700, arrayOID: 1231)
    static let uuid = PostgresType(oid: 2950, arrayOID: 2951)
}

extension FixedWidthInteger {
    func appendBigEndian(to bytes: inout [UInt8]) {
        withUnsafeBytes(of: self.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

extension Bool: PostgresArrayElement {
    /// `boolean`
    public static var postgresType: PostgresType { .bool }
    /// One byte.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(self ? 1 : 0)
        return true
    }
}

extension Int64: PostgresArrayElement {
    /// `bigint`
    public static var postgresType: PostgresType { .int8 }
    /// Eight bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        self.appendBigEndian(to: &bytes)
        return true
    }
}

extension Int32: PostgresArrayElement {
    /// `integer`
    public static var postgresType: PostgresType { .int4 }
    /// Four bytes.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        self.appendBigEndian(to: &bytes)
        return true
    }
}

extension String: PostgresArrayElement {
    /// `text`
    public static var postgresType: PostgresType { .text }
    /// UTF-8. U+0000 is refused by the server (SQLSTATE 22021).
    public func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(contentsOf: self.utf8)
        return true
    }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    /// The wrapped type's.
    public static var postgresTypeOID: UInt32 { Wrapped.postgresTypeOID }
    /// The wrapped value's bytes, or null.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        guard let self else { return false }
        return self.encode(into: &bytes)
    }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresArrayElement {
    /// The wrapped type's.
    public static var postgresType: PostgresType { Wrapped.postgresType }
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
    /// The element's array type.
    public static var postgresTypeOID: UInt32 { Element.postgresType.arrayOID }

    /// One dimension with the lower bound 1, as `array_recv` in the server's `arrayfuncs.c` reads it.
    public func encode(into bytes: inout [UInt8]) -> Bool {
        Int32(self.isEmpty ? 0 : 1).appendBigEndian(to: &bytes)
        let nullFlag = bytes.count
        Int32(0).appendBigEndian(to: &bytes)
        Element.postgresType.oid.appendBigEndian(to: &bytes)
        if self.isEmpty { return true }
        Int32(self.count).appendBigEndian(to: &bytes)
        Int32(1).appendBigEndian(to: &bytes)
        for element in self {
            let start = bytes.count
            Int32(-1).appendBigEndian(to: &bytes)
            if element.encode(into: &bytes) {
                let length = Int32(bytes.count - start - 4)
                Swift.withUnsafeBytes(of: length.bigEndian) { bytes.replaceSubrange(start..<start + 4, with: $0) }
            } else {
                bytes[nullFlag + 3] = 1
            }
        }
        return true
    }
}
