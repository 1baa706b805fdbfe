/// A value of a field table, of any kind that RabbitMQ knows (https://www.rabbitmq.com/amqp-0-9-1-errata, section 3).
///
/// A value is its bytes on the wire: a kind and a content. Two values are equal if their bytes are equal. Text and integers can be read;
/// every other kind is carried through unchanged.
public struct AMQPValue: Sendable, Hashable {
    /// The kind's letter, then the content.
    let wireBytes: [UInt8]
    /// Whether a table inside has an entry that has no wire form; see ``AMQPTable/checkedContent()``.
    private(set) var hasLongName = false

    /// - Parameter wireBytes: one value, as ``contentBytes(kind:rest:)`` measures it.
    init(checked wireBytes: [UInt8]) { self.wireBytes = wireBytes }

    private init(_ kind: Unicode.Scalar, _ number: some FixedWidthInteger) {
        var bytes = [UInt8(ascii: kind)]
        bytes.append(bigEndian: number)
        self.wireBytes = bytes
    }

    /// A kind whose content has its length in front.
    private init(_ kind: Unicode.Scalar, content: some Collection<UInt8>) {
        var bytes = [UInt8(ascii: kind)]
        bytes.reserveCapacity(5 + content.count)
        // Content of 4 GiB has no wire form, and no frame would hold it.
        bytes.append(bigEndian: UInt32(content.count))
        bytes += content
        self.wireBytes = bytes
    }

    /// The length of a value's content.
    /// - Parameters:
    ///   - kind: the kind's letter.
    ///   - rest: what follows the letter.
    /// - Returns: nil if the kind is unknown or `rest` is too short.
    static func contentBytes(kind: UInt8, rest: ArraySlice<UInt8>) -> Int? {
        switch kind {
        case UInt8(ascii: "V"): return 0
        case UInt8(ascii: "t"), UInt8(ascii: "b"), UInt8(ascii: "B"): return 1
        case UInt8(ascii: "s"), UInt8(ascii: "u"): return 2
        case UInt8(ascii: "I"), UInt8(ascii: "i"), UInt8(ascii: "f"): return 4
        case UInt8(ascii: "D"): return 5
        case UInt8(ascii: "l"), UInt8(ascii: "L"), UInt8(ascii: "d"), UInt8(ascii: "T"): return 8
        case UInt8(ascii: "S"), UInt8(ascii: "x"), UInt8(ascii: "A"), UInt8(ascii: "F"):
            return rest.count >= 4 ? 4 + Int(UInt32(bigEndian: rest.prefix(4))) : nil
        default: return nil
        }
    }

    // MARK: - Reading

    private var content: ArraySlice<UInt8> { self.wireBytes.dropFirst() }

    /// The text of a ``string(_:)``; nil for other kinds and for text that is not UTF-8.
    public var stringValue: String? {
        guard self.wireBytes[0] == UInt8(ascii: "S") else { return nil }
        return String(validating: self.content.dropFirst(4), as: UTF8.self)
    }

    /// The number of any integer kind; nil for other kinds and for numbers that do not fit.
    public var integerValue: Int64? {
        switch self.wireBytes[0] {
        case UInt8(ascii: "b"): Int64(Int8(bigEndian: self.content))
        case UInt8(ascii: "B"): Int64(UInt8(bigEndian: self.content))
        case UInt8(ascii: "s"): Int64(Int16(bigEndian: self.content))
        case UInt8(ascii: "u"): Int64(UInt16(bigEndian: self.content))
        case UInt8(ascii: "I"): Int64(Int32(bigEndian: self.content))
        case UInt8(ascii: "i"): Int64(UInt32(bigEndian: self.content))
        case UInt8(ascii: "l"): Int64(bigEndian: self.content)
        case UInt8(ascii: "L"): Int64(exactly: UInt64(bigEndian: self.content))
        default: nil
        }
    }
}

extension AMQPValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral {
    /// A ``string(_:)``.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A ``bool(_:)``.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension AMQPValue {
    /// `t`
    public static func bool(_ value: Bool) -> AMQPValue { .init("t", UInt8(value ? 1 : 0)) }
    /// `b`
    public static func int8(_ value: Int8) -> AMQPValue { .init("b", value) }
    /// `B`
    public static func uint8(_ value: UInt8) -> AMQPValue { .init("B", value) }
    /// `s`
    public static func int16(_ value: Int16) -> AMQPValue { .init("s", value) }
    /// `u`
    public static func uint16(_ value: UInt16) -> AMQPValue { .init("u", value) }
    /// `I`
    public static func int32(_ value: Int32) -> AMQPValue { .init("I", value) }
    /// `i`
    public static func uint32(_ value: UInt32) -> AMQPValue { .init("i", value) }
    /// `l`
    public static func int64(_ value: Int64) -> AMQPValue { .init("l", value) }
    /// `L`
    public static func uint64(_ value: UInt64) -> AMQPValue { .init("L", value) }
    /// `f`
    public static func float(bits: UInt32) -> AMQPValue { .init("f", bits) }
    /// `d`
    public static func double(bits: UInt64) -> AMQPValue { .init("d", bits) }
    /// `T`, seconds since 1970.
    public static func timestamp(_ seconds: UInt64) -> AMQPValue { .init("T", seconds) }
    /// `S`
    public static func string(_ text: String) -> AMQPValue { .init("S", content: text.utf8) }
    /// `S`, text in any encoding.
    public static func longString(_ bytes: [UInt8]) -> AMQPValue { .init("S", content: bytes) }
    /// `x`
    public static func bytes(_ bytes: [UInt8]) -> AMQPValue { .init("x", content: bytes) }
    /// `A`
    public static func array(_ values: [AMQPValue]) -> AMQPValue {
        var array = AMQPValue("A", content: values.flatMap(\.wireBytes))
        array.hasLongName = values.contains(where: \.hasLongName)
        return array
    }
    /// `F`
    public static func table(_ table: AMQPTable) -> AMQPValue {
        var value = AMQPValue("F", content: table.content)
        value.hasLongName = table.hasLongName
        return value
    }
    /// `V`
    public static var void: AMQPValue { .init(checked: [UInt8(ascii: "V")]) }
    /// `D`: value × 10^-scale.
    public static func decimal(scale: UInt8, value: UInt32) -> AMQPValue {
        var bytes = [UInt8(ascii: "D"), scale]
        bytes.append(bigEndian: value)
        return .init(checked: bytes)
    }
}

extension FixedWidthInteger {
    /// Reads the bytes of an integer, the highest first. The caller checks that there are enough.
    init(bigEndian bytes: ArraySlice<UInt8>) {
        self = bytes.prefix(Self.bitWidth / 8).reduce(0) { $0 << 8 | Self(truncatingIfNeeded: $1) }
    }
}
