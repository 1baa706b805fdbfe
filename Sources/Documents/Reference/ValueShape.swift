/// What a document says of a value: its type, meaning, limits and members.
struct ValueShape {
    /// A rule in words, with the values or patterns that it names.
    struct Limit: Equatable {
        var text: String
        var codes: [String] = []
    }

    struct Member {
        let name: String
        let isRequired: Bool
        let shape: ValueShape
    }

    /// In Portuguese.
    var type: TypeName
    var isNullable = false
    var description = ""
    var limits: [Limit] = []
    /// Of an object, or of the objects in a list.
    var members: [Member] = []
    /// Objects of which the value is one.
    var alternatives: [ValueShape] = []
    /// Of an alternative.
    var title = ""
}

/// The name of a type for readers.
struct TypeName: Equatable {
    let singular: String
    let plural: String

    static let any = TypeName(singular: "qualquer JSON", plural: "valores quaisquer")
    /// The document names no type, as for AMQP properties.
    static let unnamed = TypeName(singular: "", plural: "valores")

    /// The type of a schema's `type` and `format`.
    /// - Returns: `nil` if there is no such type.
    init?(type: String, format: String?) {
        switch (type, format) {
        case ("string", "date"): self.init(singular: "data", plural: "datas")
        case ("string", "date-time"): self.init(singular: "instante", plural: "instantes")
        case ("string", "uuid"): self.init(singular: "UUID", plural: "UUIDs")
        case ("string", "uri"): self.init(singular: "URI", plural: "URIs")
        case ("string", nil): self.init(singular: "texto", plural: "textos")
        case ("string", let format?): self.init(singular: "texto (\(format))", plural: "textos (\(format))")
        case ("integer", _): self.init(singular: "inteiro", plural: "inteiros")
        case ("number", _): self.init(singular: "número", plural: "números")
        case ("boolean", _): self.init(singular: "booleano", plural: "booleanos")
        case ("object", _): self.init(singular: "objeto", plural: "objetos")
        default: return nil
        }
    }

    init(singular: String, plural: String) {
        self.singular = singular
        self.plural = plural
    }

    static func list(of item: TypeName) -> TypeName {
        TypeName(singular: "lista de \(item.plural)", plural: "listas de \(item.plural)")
    }

    static func either(_ types: [TypeName]) -> TypeName {
        var distinct: [TypeName] = []
        for type in types where !distinct.contains(type) { distinct.append(type) }
        return TypeName(
            singular: distinct.map(\.singular).joined(separator: " ou "), plural: distinct.map(\.plural).joined(separator: " ou "))
    }
}
