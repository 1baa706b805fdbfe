/// A statement and its parameters. An interpolated value **is** a bound parameter; SQL text is made of literals only.
///
/// ```swift
/// let query: PostgresQuery = "select valor from lancamentos where id = \(id) and conta = \(conta)"
/// ```
/// No value of run time can become SQL text, so an injection cannot be written by accident. Each distinct text is prepared once per
/// connection and then run by name, with parameters and results in binary.
public struct PostgresQuery: Sendable, ExpressibleByStringInterpolation {
    /// The text with `$1`, `$2`, … where values were interpolated.
    public let sql: String
    let parameters: Parameters
    private let segments: [Segment]

    fileprivate enum Segment {
        case literal(StaticString)
        case parameter
    }

    /// A text without parameters.
    public init(stringLiteral value: StaticString) {
        self.init(segments: [.literal(value)], parameters: Parameters())
    }

    /// A text with values.
    public init(stringInterpolation: StringInterpolation) {
        self.init(segments: stringInterpolation.segments, parameters: stringInterpolation.parameters)
    }

    private init(segments: [Segment], parameters: Parameters) {
        var sql = ""
        sql.reserveCapacity(1024)
        var number = 0
        for segment in segments {
            switch segment {
            case .literal(let text):
                text.withUTF8Buffer { sql += String(decoding: $0, as: UTF8.self) }
            case .parameter:
                number += 1
                sql += "$\(number)"
            }
        }
        self.sql = sql
        self.segments = segments
        self.parameters = parameters
    }

    /// Both texts, a line break between them, with the values of both.
    public static func + (lhs: PostgresQuery, rhs: PostgresQuery) -> PostgresQuery {
        var parameters = lhs.parameters
        parameters.append(contentsOf: rhs.parameters)
        return PostgresQuery(segments: lhs.segments + [.literal("\n")] + rhs.segments, parameters: parameters)
    }

    /// Collects text and parameters.
    public struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var segments: [Segment] = []
        var parameters = Parameters()

        /// Makes room.
        public init(literalCapacity: Int, interpolationCount: Int) {
            self.segments.reserveCapacity(2 * interpolationCount + 1)
        }

        /// Appends SQL text. The compiler calls this with the literal pieces.
        public mutating func appendLiteral(_ literal: StaticString) {
            self.segments.append(.literal(literal))
        }

        /// Appends a parameter.
        public mutating func appendInterpolation(_ value: some PostgresEncodable) {
            self.parameters.append(value)
            self.segments.append(.parameter)
        }

        /// Appends a parameter that may be null.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            self.parameters.append(value)
            self.segments.append(.parameter)
        }
    }

    /// The parameters' bytes, one after the other in one buffer.
    struct Parameters: Sendable {
        private(set) var bytes: [UInt8] = []
        private(set) var typeOIDs: [UInt32] = []
        /// The place of each value in `bytes`; nil is null.
        private(set) var ranges: [Range<Int>?] = []

        var count: Int { self.ranges.count }

        mutating func append<Value: PostgresEncodable>(_ value: Value) {
            let start = self.bytes.count
            let isValue = value.encode(into: &self.bytes)
            self.typeOIDs.append(Value.postgresTypeOID)
            self.ranges.append(isValue ? start..<self.bytes.count : nil)
        }

        /// Calls the closure with what libpq's functions take: the values' addresses (null for SQL null), lengths and formats (all binary).
        func withPointers<Result>(
            _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<CInt>?, UnsafePointer<CInt>?) -> Result
        ) -> Result {
            // An empty value needs an address too: the extra byte gives one even to an empty buffer.
            let bytes = self.bytes + [0]
            return bytes.withUnsafeBytes { buffer in
                let base = buffer.baseAddress!.assumingMemoryBound(to: CChar.self)
                let values = self.ranges.map { $0.map { base + $0.lowerBound } }
                let lengths = self.ranges.map { CInt($0?.count ?? 0) }
                return body(values, lengths, [CInt](repeating: 1, count: lengths.count))
            }
        }

        mutating func append(contentsOf other: Parameters) {
            let offset = self.bytes.count
            self.bytes += other.bytes
            self.typeOIDs += other.typeOIDs
            self.ranges += other.ranges.map { range in range.map { $0.lowerBound + offset..<$0.upperBound + offset } }
        }
    }
}
