/// A value of a field table, of every kind that RabbitMQ knows (https://www.rabbitmq.com/amqp-0-9-1-errata, section 3).
///
/// Each case keeps its wire kind, so that a table which was read is written back as it came.
public indirect enum AMQPValue: Sendable, Hashable {
    /// `t`
    case bool(Bool)
    /// `b`
    case int8(Int8)
    /// `B`
    case uint8(UInt8)
    /// `s`
    case int16(Int16)
    /// `u`
    case uint16(UInt16)
    /// `I`
    case int32(Int32)
    /// `i`
    case uint32(UInt32)
    /// `l`
    case int64(Int64)
    /// `L`
    case uint64(UInt64)
    /// `f`, by its bits: a NaN keeps its payload, and equality is that of the bytes.
    case float(bits: UInt32)
    /// `d`, by its bits.
    case double(bits: UInt64)
    /// `D`: value × 10^-scale.
    case decimal(scale: UInt8, value: UInt32)
    /// `S` that is UTF-8.
    case string(String)
    /// `S` that is not UTF-8.
    case longString([UInt8])
    /// `x`
    case bytes([UInt8])
    /// `T`, seconds since 1970.
    case timestamp(UInt64)
    /// `A`
    case array([AMQPValue])
    /// `F`
    case table(AMQPTable)
    /// `V`
    case void
    /// A table or array nested deeper than ``AMQPTable/nestingMax``: its kind and its bytes, written back unread.
    case unread(kind: UInt8, [UInt8])
}

extension AMQPValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral {
    /// A ``string(_:)``.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A ``bool(_:)``.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension AMQPValue {
    /// The text of a ``string(_:)``, else nil.
    public var stringValue: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// Any of the integer kinds, if it fits.
    public var integerValue: Int64? {
        switch self {
        case .int8(let value): Int64(value)
        case .uint8(let value): Int64(value)
        case .int16(let value): Int64(value)
        case .uint16(let value): Int64(value)
        case .int32(let value): Int64(value)
        case .uint32(let value): Int64(value)
        case .int64(let value): value
        case .uint64(let value): Int64(exactly: value)
        default: nil
        }
    }
}
