import Contrato

/// The keywords of a schema that limit a value, in words.
enum SchemaLimit {
    /// Keywords that the pages need not show, or that are shown with another.
    private static let silent: Set = [
        "$id", "$schema", "$comment", "$defs", "required", "format", "examples", "example", "maxLength", "maximum", "maxItems",
        "maxProperties",
        "readOnly", "writeOnly", "discriminator",
    ]
    /// Everything but U+0000.
    private static let anyText = "^[^\\x00]*$"

    /// - Returns: `nil` for a keyword that limits nothing or was said with another.
    /// - Throws: for a keyword that is not known.
    static func read(_ keyword: JSONMember, of schema: JSONValue) throws -> ValueShape.Limit? {
        let value = keyword.value
        switch keyword.name {
        case "minLength", "minItems", "minProperties", "minimum": return self.range(of: keyword.name, schema)
        case "maxLength" where schema["minLength"] == nil, "maxItems" where schema["minItems"] == nil,
            "maxProperties" where schema["minProperties"] == nil, "maximum" where schema["minimum"] == nil:
            return self.range(of: "min\(keyword.name.dropFirst(3))", schema)
        case "exclusiveMinimum": return .init(text: "maior que \(SchemaReader.shown(value))")
        case "exclusiveMaximum": return .init(text: "menor que \(SchemaReader.shown(value))")
        case "multipleOf": return .init(text: "múltiplo de \(SchemaReader.shown(value))")
        case "uniqueItems": return .init(text: "sem repetições")
        case "const": return .init(text: "sempre", codes: [SchemaReader.shown(value)])
        case "default": return .init(text: "padrão", codes: [SchemaReader.shown(value)])
        case "deprecated": return .init(text: "não use mais")
        case "pattern":
            return value.text == self.anyText
                ? .init(text: "sem o caractere U+0000") : .init(text: "forma", codes: [SchemaReader.shown(value)])
        case let name:
            guard self.silent.contains(name) || name.hasPrefix("x-") else {
                throw SchemaReader.Unreadable(description: "the keyword \(name)")
            }
            return nil
        }
    }

    /// A lower limit, an upper one or both, with their unit.
    private static func range(of keyword: String, _ schema: JSONValue) -> ValueShape.Limit? {
        let suffix = keyword.dropFirst(3)
        let low = schema[keyword].map(SchemaReader.shown)
        let high = schema["max\(suffix)"].map(SchemaReader.shown)
        let isOne = (high ?? low) == "1"
        let unit =
            switch keyword {
            case "minLength": isOne ? " caractere" : " caracteres"
            case "minItems": isOne ? " item" : " itens"
            case "minProperties": isOne ? " membro" : " membros"
            default: ""
            }
        switch (low, high) {
        case (let low?, let high?): return .init(text: low == high ? "exatamente \(low)\(unit)" : "de \(low) a \(high)\(unit)")
        case (let low?, nil): return .init(text: "no mínimo \(low)\(unit)")
        case (nil, let high?): return .init(text: "no máximo \(high)\(unit)")
        case (nil, nil): return nil
        }
    }
}
