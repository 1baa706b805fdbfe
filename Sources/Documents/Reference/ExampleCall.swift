import Contrato

/// A call with the values of the document's examples: for `curl` and for Python.
struct ExampleCall {
    enum Body: Equatable {
        case json(JSONValue)
        case lines([JSONValue])
        case text(String)
    }

    let operation: APIOperation
    /// Without `Authorization`.
    private let headers: [(name: String, value: String)]
    private let query: [(name: String, value: String)]
    private let body: Body?
    /// The path with values in place of its parameters, percent-encoded.
    private let path: String

    init(_ operation: APIOperation) {
        self.operation = operation
        let given = operation.parameters.compactMap { parameter in
            parameter.example.map { (place: parameter.place, name: parameter.name, value: SchemaReader.shown($0)) }
        }
        self.query = given.filter { $0.place == .query }.map { (name: $0.name, value: $0.value) }
        self.path = given.filter { $0.place == .path }.reduce(operation.path) { path, parameter in
            path.replacing("{\(parameter.name)}", with: Self.percentEncoded(parameter.value))
        }
        let media = operation.body.first
        self.body = media.flatMap { media in media.examples.first.map { Self.body($0, of: media) } }
        var headers = given.filter { $0.place == .header }.map { (name: $0.name, value: $0.value) }
        if self.body != nil, let media { headers.append((name: "Content-Type", value: media.type)) }
        self.headers = headers
    }

    /// The variable with the service's address.
    private var variable: String {
        switch self.operation.service {
        case .lancamentos: "LANCAMENTOS_URL"
        case .consolidado: "CONSOLIDADO_URL"
        }
    }

    private var isEventStream: Bool { self.operation.answers.contains { $0.media.contains(where: \.isEventStream) } }

    private static func body(_ example: JSONValue, of media: APIOperation.Media) -> Body {
        switch example {
        case .array(let lines) where media.isLines: .lines(lines)
        case .string(let text): .text(text)
        default: .json(example)
        }
    }

    // MARK: - Languages

    var curl: String {
        let query = self.query.map { "\(Self.percentEncoded($0.name))=\(Self.percentEncoded($0.value))" }.joined(separator: "&")
        // Only the status says whether an entry was registered now or before.
        let showsStatus = self.operation.answers.count { $0.status.hasPrefix("2") } > 1
        let address = "$\(self.variable)\(self.path)\(query.isEmpty ? "" : "?\(query)")"
        var parts = ["curl \(showsStatus ? "--include " : "")--fail-with-body \"\(address)\""]
        if self.isEventStream { parts.append("--no-buffer") }
        if self.operation.method != "GET", self.body == nil { parts.append("--request \(self.operation.method)") }
        if !self.operation.isOpen { parts.append("--header \"Authorization: Bearer $TOKEN\"") }
        parts += self.headers.map { "--header \(Self.quoted("\($0.name): \($0.value)"))" }
        let command = { (parts: [String]) in parts.joined(separator: " \\\n    ") }
        switch self.body {
        case .json(let value): return command(parts + ["--data \(Self.quoted(JSONText.oneLine(value)))"])
        case .lines(let lines):
            return command(parts + ["--data-binary @- <<'FIM'"]) + "\n" + lines.map { JSONText.oneLine($0) + "\n" }.joined() + "FIM"
        case .text(let text):
            return command(parts + ["--data-binary @- <<'FIM'"]) + "\n" + text + (text.hasSuffix("\n") ? "" : "\n") + "FIM"
        case nil: return command(parts)
        }
    }

    var python: String {
        var headers = self.headers.map { "\(Self.pythonText($0.name)): \(Self.pythonText($0.value))" }
        if !self.operation.isOpen { headers.insert("\"Authorization\": f\"Bearer {os.environ['TOKEN']}\"", at: 0) }
        var lines = ["f\"{os.environ['\(self.variable)']}\(self.path)\","]
        if !self.query.isEmpty {
            let pairs = self.query.map { "\(Self.pythonText($0.name)): \(Self.pythonText($0.value))" }
            lines.append("params={\(pairs.joined(separator: ", "))},")
        }
        if !headers.isEmpty {
            lines.append("headers={")
            lines += headers.map { "    \($0)," }
            lines.append("},")
        }
        var program = ["import os", "", "import requests", ""]
        switch self.body {
        case .json(let value): lines.append("json=\(Self.pythonValue(value)),")
        case .lines(let values):
            program.insert("import json", at: 0)
            program.append("linhas = [")
            program += values.map { "    \(Self.pythonValue($0))," }
            program.append("]")
            lines.append("data=\"\\n\".join(json.dumps(linha) for linha in linhas),")
        case .text(let text): lines.append("data=\(Self.pythonText(text)).encode(),")
        case nil: break
        }
        // A comment line arrives every 15 s.
        lines += self.isEventStream ? ["stream=True,", "timeout=30,"] : ["timeout=10,"]
        program.append("resposta = requests.\(self.operation.method.lowercased())(")
        program += lines.map { "    \($0)" }
        program.append(")")
        program +=
            self.isEventStream
            ? ["print(resposta.status_code)", "for linha in resposta.iter_lines(decode_unicode=True):", "    print(linha)"]
            : ["print(resposta.status_code, resposta.text)"]
        return program.joined(separator: "\n")
    }

    // MARK: - Texts of a language

    /// Everything but unreserved characters, and those that a query may have, as `%XX`.
    static func percentEncoded(_ text: String) -> String {
        let plain = Set("-._~*,:".utf8)
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { encoded, byte in
            if plain.contains(byte) || Character(UnicodeScalar(byte)).isASCIILetterOrDigit {
                encoded.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                encoded += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }

    /// A word of the shell.
    static func quoted(_ text: String) -> String {
        "'\(text.replacing("'", with: "'\\''"))'"
    }

    private static func pythonText(_ text: String) -> String {
        JSONText.oneLine(.string(text))
    }

    private static func pythonValue(_ value: JSONValue) -> String {
        switch value {
        case .object(let members):
            "{\(members.map { "\(self.pythonText($0.name)): \(self.pythonValue($0.value))" }.joined(separator: ", "))}"
        case .array(let values): "[\(values.map { self.pythonValue($0) }.joined(separator: ", "))]"
        case .bool(let isTrue): isTrue ? "True" : "False"
        case .null: "None"
        case .string, .number: JSONText.oneLine(value)
        }
    }
}

extension Character {
    fileprivate var isASCIILetterOrDigit: Bool { self.isASCII && (self.isLetter || self.isNumber) }
}
