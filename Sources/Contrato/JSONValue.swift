import FluxoDeCaixa

/// A JSON value (RFC 8259) with members in their order and numbers as text.
package enum JSONValue: Sendable {
    case object([JSONMember])
    case array([JSONValue])
    case string(String)
    /// Valid by RFC 8259, section 6; never converted to binary floating point.
    case number(String)
    case bool(Bool)
    case null
}

/// A name and a value of a JSON object.
package struct JSONMember: Sendable {
    /// Unescaped; may be empty.
    package let name: String
    package let value: JSONValue

    package init(name: String, value: JSONValue) {
        self.name = name
        self.value = value
    }
}

extension JSONValue {
    /// The member of that name, compared by bytes; `nil` if there is none or this is not an object.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name.hasSameBytes(as: name) }?.value
    }

    /// Of an object; of anything else none.
    package var members: [JSONMember] {
        if case .object(let members) = self { members } else { [] }
    }

    /// Of an array; of anything else none.
    package var elements: [JSONValue] {
        if case .array(let elements) = self { elements } else { [] }
    }

    package var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// A whole number that fits.
    package var integer: Int? {
        if case .number(let text) = self { Int(text) } else { nil }
    }
}

extension JSONValue: Equatable {
    /// Texts compare by bytes; the order of members counts.
    package static func == (lhs: JSONValue, rhs: JSONValue) -> Bool {
        switch (lhs, rhs) {
        case (.object(let lhs), .object(let rhs)):
            lhs.elementsEqual(rhs) { $0.name.hasSameBytes(as: $1.name) && $0.value == $1.value }
        case (.array(let lhs), .array(let rhs)): lhs == rhs
        case (.string(let lhs), .string(let rhs)), (.number(let lhs), .number(let rhs)): lhs.hasSameBytes(as: rhs)
        case (.bool(let lhs), .bool(let rhs)): lhs == rhs
        case (.null, .null): true
        default: false
        }
    }
}

/// Finds repeated names of a JSON object by bytes in linear time: few names by comparing each, many with a hash set.
struct MemberNames {
    private static let comparedMax = 16

    private struct Name: Hashable {
        let text: String

        static func == (lhs: Name, rhs: Name) -> Bool {
            lhs.text.hasSameBytes(as: rhs.text)
        }

        func hash(into hasher: inout Hasher) {
            var copy = self.text
            copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    private var seen: Set<Name> = []

    /// Reports whether the name is new among the members already read.
    mutating func insert(_ name: String, after members: [JSONMember]) -> Bool {
        if members.count < MemberNames.comparedMax {
            return !members.contains { $0.name.hasSameBytes(as: name) }
        }
        if self.seen.isEmpty {
            self.seen = Set(members.map { Name(text: $0.name) })
        }
        return self.seen.insert(Name(text: name)).inserted
    }
}
