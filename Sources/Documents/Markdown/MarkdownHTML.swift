/// Our own texts as HTML: blocks and, inside them, code, strong text and links.
struct MarkdownHTML: Sendable {
    /// Where a link's target leads; `nil`: nowhere, which is an error of the text.
    typealias Links = @Sendable (String) -> String?

    /// How much deeper a heading is shown than it is written.
    var headingShift = 0
    var links: Links = { _ in nil }

    func render(_ markdown: String) throws -> HTML {
        try self.render(MarkdownBlock.read(markdown))
    }

    /// A heading's `id` is its text in lower case, without accents and with hyphens, so that a problem's name stays as it is.
    func render(_ blocks: [MarkdownBlock]) throws -> HTML {
        var html: HTML = ""
        for block in blocks {
            switch block {
            case .heading(let level, let text): html += try self.heading(level + self.headingShift, text)
            case .paragraph(let text): html += "<p>\(try self.inline(text))</p>\n"
            case .list(let isOrdered, let items):
                let shown: [HTML] = try items.map { "<li>\(try self.inline($0))</li>\n" }
                html += isOrdered ? "<ol>\n\(shown)</ol>\n" : "<ul>\n\(shown)</ul>\n"
            case .code(let language, let text): html += CodeBlock(language: language, text: text).html
            }
        }
        return html
    }

    private func heading(_ level: Int, _ text: String) throws -> HTML {
        let content = try self.inline(text)
        let (id, tag) = (Self.anchor(text), HTML(stringLiteral: "h\(level)"))
        guard level > 1 else { return "<h1>\(content)</h1>\n" }
        return "<\(tag) id=\"\(id)\"><a class=\"anchor\" href=\"#\(id)\">\(content)</a></\(tag)>\n"
    }

    static func anchor(_ heading: String) -> String {
        let plain: [Character: Character] = [
            "á": "a", "à": "a", "â": "a", "ã": "a", "ç": "c", "é": "e", "ê": "e", "í": "i", "ó": "o", "ô": "o", "õ": "o", "ú": "u",
        ]
        let words = heading.lowercased().map { plain[$0] ?? $0 }.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        return words.map { String($0) }.joined(separator: "-")
    }

    // MARK: - Inside a block

    func inline(_ text: some StringProtocol) throws -> HTML {
        var html: HTML = ""
        var rest = Substring(text)
        while let start = rest.firstIndex(where: { Self.special.contains($0) }) {
            html += "\(rest[..<start])"
            let previous = rest[..<start].last
            rest = rest[start...]
            if let code = Self.take("`", "`", from: &rest) {
                html += "<code>\(code)</code>"
            } else if let strong = Self.take("**", "**", from: &rest) {
                html += "<strong>\(try self.inline(strong))</strong>"
            } else if previous != "!", let label = Self.link(in: &rest) {
                guard let address = self.links(String(label.target)) else {
                    throw UnsupportedMarkdown(construct: "the link \(label.target)", line: String(text))
                }
                html += "<a href=\"\(address)\">\(try self.inline(label.text))</a>"
            } else {
                let mark = rest.removeFirst()
                // A bracket, or an underscore inside a word, is only a character.
                guard (mark == "[" && previous != "!") || (mark == "_" && previous?.isLetter == true) else {
                    throw UnsupportedMarkdown(construct: "a lone \(mark)", line: String(text))
                }
                html += "\(String(mark))"
            }
        }
        return html + "\(rest)"
    }

    private static let special: Set<Character> = ["`", "*", "[", "_", "\\"]

    /// Removes `open text close` from the front; the text is not empty.
    private static func take(_ open: String, _ close: String, from rest: inout Substring) -> Substring? {
        guard rest.hasPrefix(open) else { return nil }
        let inner = rest.dropFirst(open.count)
        guard let end = inner.firstRange(of: close), end.lowerBound > inner.startIndex else { return nil }
        rest = inner[end.upperBound...]
        return inner[..<end.lowerBound]
    }

    private static func link(in rest: inout Substring) -> (text: Substring, target: Substring)? {
        var after = rest
        guard let text = Self.take("[", "]", from: &after), let target = Self.take("(", ")", from: &after) else { return nil }
        rest = after
        return (text, target)
    }
}
