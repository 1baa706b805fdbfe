import Contrato

/// The page `/docs`: every operation of both services with its parameters, answers and examples, made from their OpenAPI documents.
struct DocsPage {
    private let document: OpenAPIDocument

    static func html(lancamentos: JSONValue, consolidado: JSONValue) -> String {
        let body = """
            <h1>Fluxo de Caixa: a API</h1>
            <p>Para programas: <a href="/docs/openapi-lancamentos.json">openapi-lancamentos.json</a>,
            <a href="/docs/openapi-consolidado.json">openapi-consolidado.json</a>. Os erros estão explicados em
            <a href="/problemas">/problemas</a>.</p>
            \(DocsPage(document: OpenAPIDocument(lancamentos)).section)
            \(DocsPage(document: OpenAPIDocument(consolidado)).section)
            """
        return HTML.page(title: "Fluxo de Caixa: a API", body: body)
    }

    private var section: String {
        let info = self.document.value["info"]
        return "<h2>\(HTML.escaped(Self.text(info?["title"])))</h2>\n\(MarkdownHTML.render(Self.text(info?["description"])))"
            + self.document.operations.map { self.operation($0) }.joined()
    }

    private func operation(_ call: OpenAPIDocument.Operation) -> String {
        let operation = call.value
        let id = HTML.escaped(Self.text(operation["operationId"]))
        return """
            <h3 id="\(id)"><code>\(call.method) \(HTML.escaped(call.path))</code></h3>
            <p><strong>\(MarkdownHTML.inline(Self.text(operation["summary"])))</strong></p>
            \(MarkdownHTML.render(Self.text(operation["description"])))\
            \(self.parameters(operation["parameters"]))\
            \(self.content("Pedido", operation["requestBody"]))\
            \(self.responses(operation["responses"]))
            """
    }

    private func parameters(_ value: JSONValue?) -> String {
        guard let parameters = value?.elements, !parameters.isEmpty else { return "" }
        let rows = parameters.map { reference in
            let parameter = self.document.resolved(reference)
            let required = parameter["required"] == .bool(true) ? ", obrigatório" : ""
            let schema = self.document.resolved(parameter["schema"] ?? .null)
            let description = [parameter["description"], schema["description"]].map { Self.text($0) }.first { !$0.isEmpty } ?? ""
            return """
                <tr><td><code>\(HTML.escaped(Self.text(parameter["name"])))</code></td>\
                <td>\(HTML.escaped(Self.text(parameter["in"])))\(required)</td><td>\(MarkdownHTML.render(description))</td></tr>
                """
        }
        return "<table>\n<tr><th>parâmetro</th><th>em</th><th></th></tr>\n\(rows.joined(separator: "\n"))\n</table>\n"
    }

    private func responses(_ value: JSONValue?) -> String {
        let responses = (value?.members ?? []).map { ($0.name, self.document.resolved($0.value)) }
        let rows = responses.map { status, response in
            let problems = (response["content"]?["application/problem+json"]?["examples"]?.members ?? []).map {
                "<a href=\"/problemas#\(HTML.escaped($0.name))\">\(HTML.escaped($0.name))</a>"
            }
            return """
                <tr><td>\(HTML.escaped(status))</td><td>\(MarkdownHTML.render(Self.text(response["description"])))</td>\
                <td>\(problems.joined(separator: ", "))</td></tr>
                """
        }
        let good = responses.filter { $0.0.hasPrefix("2") }.map { self.content("Resposta \($0.0)", $0.1) }
        return "<table>\n<tr><th>resposta</th><th></th><th></th></tr>\n\(rows.joined(separator: "\n"))\n</table>\n\(good.joined())"
    }

    /// The examples of a body, each once per media type.
    private func content(_ title: String, _ value: JSONValue?) -> String {
        guard let value else { return "" }
        return (self.document.resolved(value)["content"]?.members ?? []).map { media in
            let type = media.name
            let named = (media.value["examples"]?.members ?? []).compactMap { self.document.resolved($0.value)["value"] }
            return (named + [media.value["example"]].compactMap(\.self)).map { example in
                "<p>\(HTML.escaped(title)), <code>\(HTML.escaped(type))</code>:</p>\n"
                    + "<pre><code>\(HTML.escaped(Self.shown(example, as: type)))</code></pre>\n"
            }.joined()
        }.joined()
    }

    // MARK: - Values

    private static func text(_ value: JSONValue?) -> String {
        value?.text ?? ""
    }

    private static func shown(_ example: JSONValue, as type: String) -> String {
        switch (type, example) {
        case ("application/x-ndjson", .array(let lines)): lines.map { self.json($0, indent: nil) }.joined(separator: "\n")
        case (_, .string(let text)): text
        default: self.json(example, indent: "")
        }
    }

    /// JSON for people; without an indent, on one line.
    private static func json(_ value: JSONValue, indent: String?) -> String {
        let inner = indent.map { $0 + "  " }
        func list(_ open: String, _ close: String, _ items: [String]) -> String {
            guard !items.isEmpty else { return open + close }
            guard let indent, let inner else { return open + items.joined(separator: ", ") + close }
            return "\(open)\n\(inner)\(items.joined(separator: ",\n\(inner)"))\n\(indent)\(close)"
        }
        switch value {
        case .object(let members):
            return list("{", "}", members.map { "\(self.json(.string($0.name), indent: nil)): \(self.json($0.value, indent: inner))" })
        case .array(let values):
            return list("[", "]", values.map { self.json($0, indent: inner) })
        case .string, .number, .bool, .null:
            return String(decoding: value.bytes, as: UTF8.self)
        }
    }
}
