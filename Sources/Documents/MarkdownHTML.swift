/// The part of Markdown that our own texts use, as HTML: headings, paragraphs, lists of one level, `code` and **strong**.
///
/// Everything else is shown as it is written; nothing is taken for HTML.
struct MarkdownHTML {
    private enum Block {
        case none
        case paragraph
        case list
    }

    private var html = ""
    private var block = Block.none
    private var lines: [Substring] = []

    /// A heading of the second level gets its text as `id`, so that `#text` leads to it.
    static func render(_ markdown: String) -> String {
        var renderer = MarkdownHTML()
        for line in markdown.split(separator: "\n", omittingEmptySubsequences: false) { renderer.read(line) }
        renderer.endBlock()
        return renderer.html
    }

    private mutating func read(_ line: Substring) {
        let text = line.trimmingPrefix { $0 == " " }
        if text.isEmpty {
            self.endBlock()
        } else if line.hasPrefix("## ") {
            self.endBlock()
            let name = HTML.escaped(line.dropFirst(3))
            self.html += "<h2 id=\"\(name)\"><a href=\"#\(name)\">\(name)</a></h2>\n"
        } else if line.hasPrefix("# ") {
            self.endBlock()
            self.html += "<h1>\(Self.inline(line.dropFirst(2)))</h1>\n"
        } else if line.hasPrefix("- ") {
            if self.block == .list { self.endItem() } else { self.begin(.list) }
            self.lines.append(line.dropFirst(2))
        } else {
            if self.block == .none { self.begin(.paragraph) }
            self.lines.append(text)
        }
    }

    private mutating func begin(_ block: Block) {
        self.endBlock()
        self.block = block
        if block == .list { self.html += "<ul>\n" }
    }

    private mutating func endItem() {
        self.html += "<li>\(Self.inline(self.lines.joined(separator: " ")))</li>\n"
        self.lines = []
    }

    private mutating func endBlock() {
        switch self.block {
        case .none: break
        case .paragraph: self.html += "<p>\(Self.inline(self.lines.joined(separator: " ")))</p>\n"
        case .list:
            self.endItem()
            self.html += "</ul>\n"
        }
        self.lines = []
        self.block = .none
    }

    /// Every second part between two marks is marked; a mark without its partner is shown as it is.
    static func inline(_ text: some StringProtocol) -> String {
        self.marked(String(text), mark: "`", tag: "code") { plain in
            self.marked(plain, mark: "**", tag: "strong") { HTML.escaped($0) }
        }
    }

    private static func marked(_ text: String, mark: String, tag: String, other: (String) -> String) -> String {
        var parts = text.split(separator: mark, omittingEmptySubsequences: false).map(String.init)
        if parts.count.isMultiple(of: 2) {
            let last = parts.removeLast()
            parts[parts.count - 1] += mark + last
        }
        return parts.enumerated().map { position, part in
            position.isMultiple(of: 2) ? other(part) : "<\(tag)>\(HTML.escaped(part))</\(tag)>"
        }.joined()
    }
}
