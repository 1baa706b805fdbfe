import Contrato

/// Reads JSON Schema as our documents use it.
struct SchemaReader {
    /// A schema that the pages could not show whole: a mistake in an embedded document, found by the tests.
    struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    private static let depthMax = 12

    let document: OpenAPIDocument

    /// - Throws: for a keyword that is not known, so that no rule is left out of the pages.
    func shape(_ schema: JSONValue, depth: Int = 0) throws -> ValueShape {
        guard depth < Self.depthMax else { throw Unreadable(description: "a schema deeper than \(Self.depthMax)") }
        let schema = try self.flattened(schema, depth: depth)
        var shape = ValueShape(type: try self.type(of: schema, depth: depth))
        for keyword in schema.members { try self.read(keyword, of: schema, into: &shape, depth: depth) }
        return shape
    }

    // MARK: - One schema

    /// The schema with what `$ref` and `allOf` lead to in their place; what stands beside `$ref` has precedence.
    private func flattened(_ schema: JSONValue, depth: Int) throws -> JSONValue {
        guard depth < Self.depthMax else { throw Unreadable(description: "references deeper than \(Self.depthMax)") }
        guard case .object(let members) = schema else {
            guard schema == .bool(true) else { throw Unreadable(description: "a schema that is no object") }
            return .object([])
        }
        var parts: [JSONValue] = []
        if let reference = schema["$ref"] {
            let target = self.document.resolved(.object([JSONMember(name: "$ref", value: reference)]))
            guard target != .null else { throw Unreadable(description: "\(reference.text ?? "a reference") leads nowhere") }
            parts.append(try self.flattened(target, depth: depth + 1))
        }
        for part in schema["allOf"]?.elements ?? [] { parts.append(try self.flattened(part, depth: depth + 1)) }
        parts.append(.object(members.filter { !["$ref", "allOf"].contains($0.name) }))
        return try parts.dropFirst().reduce(parts[0]) { try self.merged($0, $1, depth: depth) }
    }

    /// Both schemas hold: of one keyword the second has precedence, members and required names are united.
    private func merged(_ one: JSONValue, _ other: JSONValue, depth: Int) throws -> JSONValue {
        var members = one.members
        for member in other.members {
            guard let position = members.firstIndex(where: { $0.name == member.name }) else {
                members.append(member)
                continue
            }
            let known = members[position].value
            let value: JSONValue =
                switch member.name {
                case "properties": try self.united(known, member.value, depth: depth)
                case "required": .array(known.elements + member.value.elements.filter { !known.elements.contains($0) })
                default: member.value
                }
            members[position] = JSONMember(name: member.name, value: value)
        }
        return .object(members)
    }

    private func united(_ one: JSONValue, _ other: JSONValue, depth: Int) throws -> JSONValue {
        var members = one.members
        for member in other.members {
            if let position = members.firstIndex(where: { $0.name == member.name }) {
                let both = try self.merged(
                    self.flattened(members[position].value, depth: depth + 1), self.flattened(member.value, depth: depth + 1), depth: depth)
                members[position] = JSONMember(name: member.name, value: both)
            } else {
                members.append(member)
            }
        }
        return .object(members)
    }

    private func type(of schema: JSONValue, depth: Int) throws -> TypeName {
        let named = (schema["type"].map { $0.text.map { [$0] } ?? $0.elements.compactMap(\.text) } ?? []).filter { $0 != "null" }
        let types = try named.map { name in
            if name == "array" { return TypeName.list(of: try schema["items"].map { try self.shape($0, depth: depth + 1).type } ?? .any) }
            guard let type = TypeName(type: name, format: schema["format"]?.text) else {
                throw Unreadable(description: "the type \(name)")
            }
            return type
        }
        if !types.isEmpty { return .either(types) }
        let alternatives = try self.alternatives(of: schema).map { try self.shape($0, depth: depth + 1).type }.filter { $0 != .unnamed }
        if !alternatives.isEmpty { return .either(alternatives) }
        if schema["properties"] != nil { return TypeName(singular: "objeto", plural: "objetos") }
        if let constant = schema["const"] ?? schema["enum"]?.elements.first {
            switch constant {
            case .string: return TypeName(singular: "texto", plural: "textos")
            case .bool: return TypeName(singular: "booleano", plural: "booleanos")
            case .number: return TypeName(singular: "número", plural: "números")
            default: return .unnamed
            }
        }
        return schema.members.isEmpty ? .any : .unnamed
    }

    /// What the value may be, without null.
    private func alternatives(of schema: JSONValue) -> [JSONValue] {
        ["anyOf", "oneOf"].flatMap { schema[$0]?.elements ?? [] }.filter { $0["type"]?.text != "null" }
    }

    // MARK: - One keyword

    private func read(_ keyword: JSONMember, of schema: JSONValue, into shape: inout ValueShape, depth: Int) throws {
        let value = keyword.value
        switch keyword.name {
        case "type": if value.elements.contains(.string("null")) { shape.isNullable = true }
        case "description": shape.description = value.text ?? ""
        case "title": shape.title = value.text ?? ""
        case "enum":
            if value.elements.contains(.null) { shape.isNullable = true }
            shape.limits.append(.init(text: "um destes:", codes: value.elements.filter { $0 != .null }.map(Self.shown)))
        case "properties": shape.members += try self.members(value, required: schema["required"], depth: depth)
        case "items":
            let item = try self.shape(value, depth: depth + 1)
            (shape.members, shape.alternatives) = (item.members, item.alternatives)
            if item.members.isEmpty { shape.limits += item.limits.map { .init(text: "cada item: \($0.text)", codes: $0.codes) } }
        case "additionalProperties": try self.readOthers(value, into: &shape, depth: depth)
        case "propertyNames":
            shape.limits += try self.shape(value, depth: depth + 1).limits.map { .init(text: "nomes: \($0.text)", codes: $0.codes) }
        case "anyOf", "oneOf": try self.readAlternatives(value, of: schema, into: &shape, depth: depth)
        case "not":
            let excluded = try self.shape(value, depth: depth + 1).limits
            guard !excluded.isEmpty else { throw Unreadable(description: "a \"not\" without a limit") }
            let words = excluded.map(\.text).joined(separator: ", ")
            shape.limits.append(.init(text: "exceto: \(words)", codes: excluded.flatMap(\.codes)))
        default:
            guard let limit = try SchemaLimit.read(keyword, of: schema) else { return }
            shape.limits.append(limit)
        }
    }

    private func members(_ properties: JSONValue, required: JSONValue?, depth: Int) throws -> [ValueShape.Member] {
        try properties.members.compactMap { property in
            // `false`: a member that never occurs.
            guard property.value != .bool(false) else { return nil }
            return ValueShape.Member(
                name: property.name, isRequired: required?.elements.contains(.string(property.name)) == true,
                shape: try self.shape(property.value, depth: depth + 1))
        }
    }

    /// Members with names that the document does not know.
    private func readOthers(_ value: JSONValue, into shape: inout ValueShape, depth: Int) throws {
        guard value != .bool(false) else { return shape.limits.append(.init(text: "outros membros são recusados")) }
        guard value != .bool(true) else { return }
        let other = try self.shape(value, depth: depth + 1)
        if other.members.isEmpty {
            shape.limits.append(.init(text: "cada membro: \(other.type.singular)"))
            shape.limits += other.limits.map { .init(text: "cada membro: \($0.text)", codes: $0.codes) }
        } else {
            shape.members.append(ValueShape.Member(name: "(nome)", isRequired: false, shape: other))
        }
    }

    private func readAlternatives(_ value: JSONValue, of schema: JSONValue, into shape: inout ValueShape, depth: Int) throws {
        if value.elements.contains(where: { $0["type"]?.text == "null" }) { shape.isNullable = true }
        let schemas = self.alternatives(of: .object([JSONMember(name: "anyOf", value: value)]))
        // Beside members of the object itself an alternative only says which of them come together.
        if schema["properties"] != nil {
            let sets = schemas.map { $0["required"]?.elements.compactMap(\.text).joined(separator: ", ") ?? "" }
            return shape.limits.append(.init(text: "com um destes:", codes: sets.filter { !$0.isEmpty }))
        }
        let shapes = try schemas.map { try self.shape($0, depth: depth + 1) }
        if shapes.count == 1 {
            if shape.description.isEmpty { shape.description = shapes[0].description }
            shape.limits += shapes[0].limits
            shape.members += shapes[0].members
        } else if shapes.contains(where: { !$0.members.isEmpty }) {
            shape.alternatives = shapes
        } else {
            let types = Set(shapes.map(\.type.singular))
            for (position, one) in shapes.enumerated() {
                let type = types.count > 1 ? "\(one.type.singular): " : ""
                let words = one.limits.map(\.text).joined(separator: ", ")
                shape.limits.append(.init(text: "\(position == 0 ? "" : "ou ")\(type)\(words)", codes: one.limits.flatMap(\.codes)))
            }
        }
    }

    static func shown(_ value: JSONValue) -> String {
        value.text ?? JSONText.oneLine(value)
    }
}
