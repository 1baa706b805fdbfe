import FluxoDeCaixa

/// A JSON text as it was read (RFC 8259): members in their order, numbers as the text they were written in.
package enum JSONValue: Sendable {
    case object([JSONMember])
    case array([JSONValue])
    case string(String)
    /// Valid by the grammar of RFC 8259, section 6; never turned into binary floating point.
    case number(String)
    case bool(Bool)
    case null
}

/// One name and value of a JSON object.
package struct JSONMember: Sendable {
    /// Without quotes and escapes; it may be empty.
    package let name: String
    /// What stands after the colon.
    package let value: JSONValue

    /// A member of an object.
    package init(name: String, value: JSONValue) {
        self.name = name
        self.value = value
    }
}

extension JSONValue {
    /// The member of that name, compared by bytes; `nil` if there is none or this is no object.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name.temOsMesmosBytes(que: name) }?.value
    }
}

extension JSONValue: Equatable {
    /// Texts compare by bytes, and members by their order too.
    package static func == (lhs: JSONValue, rhs: JSONValue) -> Bool {
        switch (lhs, rhs) {
        case (.object(let lhs), .object(let rhs)):
            lhs.elementsEqual(rhs) { $0.name.temOsMesmosBytes(que: $1.name) && $0.value == $1.value }
        case (.array(let lhs), .array(let rhs)): lhs == rhs
        case (.string(let lhs), .string(let rhs)), (.number(let lhs), .number(let rhs)): lhs.temOsMesmosBytes(que: rhs)
        case (.bool(let lhs), .bool(let rhs)): lhs == rhs
        case (.null, .null): true
        default: false
        }
    }
}
