import Contrato

/// One call as the pages show it, read from the document of its service.
struct APIOperation {
    struct Parameter {
        enum Place: String, CaseIterable {
            case path
            case query
            case header
        }

        let name: String
        let place: Place
        let isRequired: Bool
        let description: String
        let schema: JSONValue
        let example: JSONValue?
    }

    struct Media {
        let type: String
        let schema: JSONValue
        let examples: [JSONValue]

        var isLines: Bool { self.type == "application/x-ndjson" }
        /// Whether the answer does not end by itself.
        var isEventStream: Bool { self.type == "text/event-stream" }

        /// The first example as it is sent, JSON indented.
        var exampleText: String? {
            self.examples.first.map { example in
                switch example {
                case .array(let lines) where self.isLines: lines.map { JSONText.oneLine($0) }.joined(separator: "\n")
                case .string(let text): text
                default: JSONText.indented(example)
                }
            }
        }
    }

    struct Answer {
        let status: String
        let description: String
        let headers: [JSONMember]
        let media: [Media]
        /// Names of the problems that the body may be.
        let problems: [String]
        /// Names of the problems that a line of the body may have.
        let lineProblems: [String]
    }

    let service: PublishedDocument.Service
    let id: String
    let method: String
    let path: String
    let summary: String
    let description: String
    /// `nil`: no token is needed.
    let scope: String?
    let parameters: [Parameter]
    let isBodyRequired: Bool
    let body: [Media]
    let answers: [Answer]

    var isOpen: Bool { self.scope == nil }

    init(_ operation: OpenAPIDocument.Operation, of service: PublishedDocument.Service, in document: OpenAPIDocument) {
        let value = operation.value
        self.service = service
        self.id = Self.text(value["operationId"])
        self.method = operation.method
        self.path = operation.path
        self.summary = Self.text(value["summary"])
        self.description = Self.text(value["description"])
        self.scope = value["security"]?.elements.first?.members.first?.value.elements.first?.text
        self.parameters = (value["parameters"]?.elements ?? []).map { Self.parameter($0, in: document) }
        let body = value["requestBody"].map { document.resolved($0) }
        self.isBodyRequired = body?["required"] == .bool(true)
        self.body = body.map { Self.media(of: $0, in: document) } ?? []
        self.answers = (value["responses"]?.members ?? []).map { Self.answer($0, in: document) }
    }

    /// The answer that a caller hopes for: the last good one with a body.
    var goodAnswer: Answer? {
        self.answers.last { $0.status.hasPrefix("2") && !$0.media.isEmpty }
    }

    func parameters(in place: Parameter.Place) -> [Parameter] {
        self.parameters.filter { $0.place == place }
    }

    private static func parameter(_ reference: JSONValue, in document: OpenAPIDocument) -> Parameter {
        let value = document.resolved(reference)
        return Parameter(
            name: self.text(value["name"]), place: Parameter.Place(rawValue: self.text(value["in"])) ?? .query,
            isRequired: value["required"] == .bool(true), description: self.text(value["description"]),
            schema: value["schema"] ?? .bool(true),
            example: value["example"])
    }

    private static func answer(_ member: JSONMember, in document: OpenAPIDocument) -> Answer {
        let value = document.resolved(member.value)
        let media = self.media(of: value, in: document)
        let problem = value["content"]?["application/problem+json"]
        let headers = (value["headers"]?.members ?? []).map { JSONMember(name: $0.name, value: document.resolved($0.value)) }
        return Answer(
            status: member.name, description: self.text(value["description"]), headers: headers,
            media: media.filter { $0.type != "application/problem+json" }, problems: (problem?["examples"]?.members ?? []).map(\.name),
            lineProblems: (value["x-problemas"]?.elements ?? []).compactMap(\.text))
    }

    private static func media(of value: JSONValue, in document: OpenAPIDocument) -> [Media] {
        (value["content"]?.members ?? []).map { media in
            let named = (media.value["examples"]?.members ?? []).compactMap { document.resolved($0.value)["value"] }
            return Media(
                type: media.name, schema: media.value["schema"] ?? .bool(true),
                examples: named + [media.value["example"]].compactMap(\.self))
        }
    }

    private static func text(_ value: JSONValue?) -> String {
        value?.text ?? ""
    }
}
