import Contrato
import Testing

@testable import Documents

/// What the pages say of a value is what its schema says.
@Suite struct SchemaReaderTests {
    private static func shape(_ yaml: String, definitions: String = "{}") throws -> ValueShape {
        let root = JSONValue.object([
            JSONMember(name: "d", value: try PublishedDocument.value(yaml: definitions)),
            JSONMember(name: "s", value: try PublishedDocument.value(yaml: yaml)),
        ])
        return try SchemaReader(document: OpenAPIDocument(root)).shape(root["s"] ?? .null)
    }

    private static func words(_ limits: [ValueShape.Limit]) -> [String] {
        limits.map { ([$0.text] + $0.codes).joined(separator: " ") }
    }

    @Test(arguments: [
        ("{type: string}", "texto", []), ("{type: string, format: date}", "data", []), ("{type: integer, format: int64}", "inteiro", []),
        ("{type: string, minLength: 1, maxLength: 64}", "texto", ["de 1 a 64 caracteres"]),
        ("{type: string, maxLength: 64}", "texto", ["no máximo 64 caracteres"]),
        ("{type: array, minItems: 1}", "lista de valores quaisquer", ["no mínimo 1 item"]),
        ("{type: integer, minimum: 0}", "inteiro", ["no mínimo 0"]),
        ("{type: integer, minimum: 409, maximum: 409}", "inteiro", ["exatamente 409"]),
        ("{type: integer, minimum: 1, maximum: 500, default: 50}", "inteiro", ["de 1 a 500", "padrão 50"]),
        ("{type: string, enum: [a, b], default: a}", "texto", ["um destes: a b", "padrão a"]),
        ("{const: '*'}", "texto", ["sempre *"]), ("{const: true}", "booleano", ["sempre true"]),
        ("{type: string, pattern: '^a$'}", "texto", ["forma ^a$"]),
        ("{type: string, pattern: '^[^\\x00]*$'}", "texto", ["sem o caractere U+0000"]),
        ("{type: array, minItems: 1, maxItems: 64, items: {type: string, format: uuid}}", "lista de UUIDs", ["de 1 a 64 itens"]),
        ("{type: array, items: {type: string, maxLength: 3}}", "lista de textos", ["cada item: no máximo 3 caracteres"]),
        ("{type: object, additionalProperties: false}", "objeto", ["outros membros são recusados"]),
        (
            "{type: object, maxProperties: 16, additionalProperties: {type: string, maxLength: 9}}", "objeto",
            ["no máximo 16 membros", "cada membro: texto", "cada membro: no máximo 9 caracteres"]
        ),
        (
            "{anyOf: [{type: string, pattern: a}, {type: number, minimum: 0.01}]}", "texto ou número",
            ["texto: forma a", "ou número: no mínimo 0.01"]
        ),
        (
            "{type: string, maxLength: 9, not: {minLength: 8, pattern: 'a$'}}", "texto",
            ["no máximo 9 caracteres", "exceto: no mínimo 8 caracteres, forma a$"]
        ),
        ("true", "qualquer JSON", []),
    ])
    func `types and limits are in words`(yaml: String, type: String, limits: [String]) throws {
        let shape = try Self.shape(yaml)
        #expect(shape.type.singular == type)
        #expect(Self.words(shape.limits) == limits)
        #expect(!shape.isNullable)
    }

    @Test(arguments: [
        "{type: [string, 'null']}", "{enum: [a, null]}", "{oneOf: [{type: string}, {type: 'null'}]}",
        "{anyOf: [{type: 'null'}, {type: string}]}",
    ])
    func `null is one mark, however it is written`(yaml: String) throws {
        let shape = try Self.shape(yaml)
        #expect(shape.isNullable && shape.type.singular == "texto")
        #expect(!Self.words(shape.limits).contains { $0.contains("null") })
    }

    @Test func `members are read through references, parts and lists`() throws {
        let shape = try Self.shape(
            """
            allOf:
              - $ref: '#/d/Base'
              - {type: object, required: [b], properties: {a: {maxLength: 3}, b: {$ref: '#/d/Texto', description: Outra.}, c: false}}
            """,
            definitions: """
                Base: {type: object, required: [a], properties: {a: {$ref: '#/d/Texto'}, itens: {type: array, items: {$ref: '#/d/Item'}}}}
                Texto: {type: string, description: Um texto.}
                Item: {type: object, properties: {x: {type: integer}}}
                """)
        #expect(shape.members.map(\.name) == ["a", "itens", "b"])
        #expect(shape.members.map(\.isRequired) == [true, false, true])
        #expect(
            shape.members[0].shape.description == "Um texto." && Self.words(shape.members[0].shape.limits) == ["no máximo 3 caracteres"])
        #expect(shape.members[1].shape.type.singular == "lista de objetos" && shape.members[1].shape.members.map(\.name) == ["x"])
        #expect(shape.members[2].shape.description == "Outra.")
    }

    @Test func `alternatives that are objects keep their members apart; those of one object name those that belong together`() throws {
        let apart = try Self.shape("{oneOf: [{title: A, properties: {x: {type: string}}}, {title: B, properties: {y: {type: string}}}]}")
        #expect(apart.alternatives.map(\.title) == ["A", "B"] && apart.alternatives.map { $0.members.map(\.name) } == [["x"], ["y"]])
        let together = try Self.shape(
            "{type: object, properties: {x: {type: string}, y: {type: string}}, oneOf: [{required: [x]}, {required: [y]}]}")
        #expect(together.alternatives.isEmpty && Self.words(together.limits) == ["com um destes: x y"])
    }

    @Test func `a reference into another document is followed there`() throws {
        let other = OpenAPIDocument(
            try PublishedDocument.value(yaml: "{A: {$ref: '#/B'}, B: {type: object, properties: {x: {$ref: '#/C'}}}, C: {type: integer}}"))
        let document = OpenAPIDocument(try PublishedDocument.value(yaml: "{a: {$ref: 'b.yaml#/A'}}"), others: ["b.yaml": other])
        let shape = try SchemaReader(document: document).shape(document.value["a"] ?? .null)
        #expect(shape.members.first?.shape.type.singular == "inteiro")
    }

    @Test(arguments: [
        "{type: string, minLenght: 1}", "{type: text}", "{$ref: '#/d/nada'}", "{$ref: 'c.yaml#/A'}", "false",
        "{properties: {a: {$ref: '#/s'}}}", "{not: {}}",
    ])
    func `what is not understood is an error`(yaml: String) {
        #expect(throws: SchemaReader.Unreadable.self) { try Self.shape(yaml) }
    }
}
