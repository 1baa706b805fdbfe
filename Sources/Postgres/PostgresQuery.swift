/// A statement and its parameters. An interpolated value **is** a bound parameter; SQL text can come from literals only.
///
/// ```swift
/// let query: PostgresQuery = "select valor from lancamentos where id = \(id) and conta = \(conta)"
/// ```
/// Nothing that is known only at run time can become SQL text, so an injection cannot be written by accident. Each distinct text is prepared
/// once per connection and then run by name, with parameters and results in binary.
public struct PostgresQuery: Sendable, ExpressibleByStringInterpolation {
    /// The text with `$1`, `$2`, … where values were interpolated.
    public let sql: String
    let parameters: Parameters

    /// A text without parameters.
    public init(stringLiteral value: StaticString) {
        self.sql = value.description
        self.parameters = Parameters()
    }

    /// A text with values.
    public init(stringInterpolation: StringInterpolation) {
        self.sql = stringInterpolation.sql
        self.parameters = stringInterpolation.parameters
    }

    /// Collects text and parameters.
    public struct StringInterpolation: StringInterpolationProtocol {
        var sql: String
        var parameters = Parameters()

        /// Makes room.
        public init(literalCapacity: Int, interpolationCount: Int) {
            self.sql = ""
            self.sql.reserveCapacity(literalCapacity + interpolationCount * 3)
        }

        /// Appends SQL text. The compiler calls this with the literal pieces.
        public mutating func appendLiteral(_ literal: StaticString) {
            literal.withUTF8Buffer { self.sql += String(decoding: $0, as: UTF8.self) }
        }

        /// Appends a parameter.
        public mutating func appendInterpolation(_ value: some PostgresEncodable) {
            self.parameters.append(value)
            self.sql += "$\(self.parameters.count)"
        }

        /// Appends a parameter that may be null.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            self.parameters.append(value)
            self.sql += "$\(self.parameters.count)"
        }
    }

    /// The parameters' bytes, one after the other in one buffer.
    struct Parameters: Sendable {
        private(set) var bytes: [UInt8] = []
        private(set) var typeOIDs: [UInt32] = []
        /// Where each value lies in `bytes`; nil is null.
        private(set) var ranges: [Range<Int>?] = []

        var count: Int { self.ranges.count }

        mutating func append<Value: PostgresEncodable>(_ value: Value) {
            let start = self.bytes.count
            let isValue = value.encode(into: &self.bytes)
            self.typeOIDs.append(Value.postgresTypeOID)
            self.ranges.append(isValue ? start..<self.bytes.count : nil)
        }
    }
}
