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
