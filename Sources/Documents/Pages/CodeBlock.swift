import Contrato

/// Code that is shown as it is written.
struct CodeBlock {
    var language: String
    var text: String
    /// What stands above it.
    var caption: String?

    var html: HTML {
        let caption: HTML = self.caption.map { "<figcaption>\($0)</figcaption>" } ?? ""
        let isJSON = self.language == "json"
        return """
            <figure class="code" data-language="\(self.language)">\(caption)<pre><code>\
            \(isJSON ? Self.coloured(self.text) : "\(self.text)")</code></pre></figure>

            """
    }

    /// JSON with its names, texts and other values marked for the style sheet.
    private static func coloured(_ json: String) -> HTML {
        var html: HTML = ""
        var rest = json[...]
        while let quote = rest.firstIndex(of: "\"") {
            html += "\(rest[..<quote])"
            var end = json.index(after: quote)
            while end < json.endIndex, json[end] != "\"" {
                end = json.index(end, offsetBy: json[end] == "\\" ? 2 : 1, limitedBy: json.endIndex) ?? json.endIndex
            }
            let close = end < json.endIndex ? json.index(after: end) : end
            let isName = json[close...].first { $0 != " " } == ":"
            html += "<span class=\"\(isName ? "name" : "text")\">\(json[quote..<close])</span>"
            rest = json[close...]
        }
        return html + "\(rest)"
    }
}

/// JSON for people.
enum JSONText {
    /// An object or a list has a line for each member.
    static func indented(_ value: JSONValue) -> String {
        self.text(value, indent: "")
    }

    static func oneLine(_ value: JSONValue) -> String {
        self.text(value, indent: nil)
    }

    private static func text(_ value: JSONValue, indent: String?) -> String {
        let inner = indent.map { $0 + "  " }
        func list(_ open: String, _ close: String, _ items: [String]) -> String {
            guard !items.isEmpty else { return open + close }
            guard let indent, let inner else { return open + items.joined(separator: ", ") + close }
            return "\(open)\n\(inner)\(items.joined(separator: ",\n\(inner)"))\n\(indent)\(close)"
        }
        switch value {
        case .object(let members):
            return list("{", "}", members.map { "\(self.text(.string($0.name), indent: nil)): \(self.text($0.value, indent: inner))" })
        case .array(let values):
            return list("[", "]", values.map { self.text($0, indent: inner) })
        case .string, .number, .bool, .null:
            var writer = JSONWriter()
            writer.value(value)
            return String(decoding: writer.bytes, as: UTF8.self)
        }
    }
}
