/// A block of the part of Markdown that our own texts use: headings of three levels, paragraphs, lists of one level and fenced code.
enum MarkdownBlock: Equatable {
    case heading(level: Int, text: String)
    case paragraph(String)
    case list(isOrdered: Bool, items: [String])
    case code(language: String, text: String)
}

/// A construct of Markdown that is not supported: a mistake in an embedded text, found by the tests.
struct UnsupportedMarkdown: Error, CustomStringConvertible {
    let construct: String
    let line: String

    var description: String { "\(self.construct) is not supported: \(self.line)" }
}

extension MarkdownBlock {
    /// - Throws: for a construct that is not supported, so that no text is shown as something else.
    static func read(_ markdown: String) throws(UnsupportedMarkdown) -> [MarkdownBlock] {
        var reader = MarkdownReader()
        for line in markdown.split(separator: "\n", omittingEmptySubsequences: false) { try reader.read(line) }
        return try reader.finish()
    }
}

private struct MarkdownReader {
    private enum Open {
        case paragraph
        case list(isOrdered: Bool, items: [String])
        case code(language: String)
    }

    private static let fence = "```"

    private var blocks: [MarkdownBlock] = []
    private var open: Open?
    /// Of the paragraph, the last item or the code.
    private var lines: [Substring] = []

    mutating func read(_ line: Substring) throws(UnsupportedMarkdown) {
        if case .code(let language) = self.open {
            guard line == Self.fence else { return self.lines.append(line) }
            self.blocks.append(.code(language: language, text: self.lines.joined(separator: "\n")))
            (self.open, self.lines) = (nil, [])
            return
        }
        let text = line.trimmingPrefix { $0 == " " }
        if text.isEmpty {
            self.endBlock()
        } else if line.hasPrefix(Self.fence) {
            self.endBlock()
            self.open = .code(language: String(line.dropFirst(Self.fence.count)))
        } else if line.hasPrefix("#") {
            try self.readHeading(line)
        } else if let item = Self.item(line) {
            self.readItem(item.text, isOrdered: item.isOrdered)
        } else {
            try self.checkText(line, text)
            if self.open == nil { self.open = .paragraph }
            self.lines.append(text)
        }
    }

    mutating func finish() throws(UnsupportedMarkdown) -> [MarkdownBlock] {
        if case .code(let language) = self.open {
            throw UnsupportedMarkdown(construct: "code without an end", line: language)
        }
        self.endBlock()
        return self.blocks
    }

    private mutating func readHeading(_ line: Substring) throws(UnsupportedMarkdown) {
        let level = line.prefix { $0 == "#" }.count
        guard level <= 3, line.dropFirst(level).hasPrefix(" ") else {
            throw UnsupportedMarkdown(construct: "this heading", line: String(line))
        }
        self.endBlock()
        self.blocks.append(.heading(level: level, text: String(line.dropFirst(level + 1))))
    }

    private mutating func readItem(_ text: Substring, isOrdered: Bool) {
        if case .list(isOrdered, var items) = self.open {
            items.append(self.lines.joined(separator: " "))
            self.open = .list(isOrdered: isOrdered, items: items)
        } else {
            self.endBlock()
            self.open = .list(isOrdered: isOrdered, items: [])
        }
        self.lines = [text]
    }

    /// A line that neither opens a block nor is empty.
    private func checkText(_ line: Substring, _ text: Substring) throws(UnsupportedMarkdown) {
        let constructs: [(name: String, isPresent: Bool)] = [
            ("a quotation", text.hasPrefix(">")), ("a table", text.hasPrefix("|")), ("HTML", text.hasPrefix("<")),
            ("a rule", text.hasPrefix("---") || text.hasPrefix("***")), ("this list", text.hasPrefix("* ") || text.hasPrefix("+ ")),
            ("a list inside a list", Self.item(text) != nil), ("indented code", self.open == nil && line.hasPrefix(" ")),
            ("indented code", text.hasPrefix(Self.fence)),
        ]
        for construct in constructs where construct.isPresent {
            throw UnsupportedMarkdown(construct: construct.name, line: String(line))
        }
    }

    private mutating func endBlock() {
        switch self.open {
        case .paragraph: self.blocks.append(.paragraph(self.lines.joined(separator: " ")))
        case .list(let isOrdered, let items):
            self.blocks.append(.list(isOrdered: isOrdered, items: items + [self.lines.joined(separator: " ")]))
        case .code, nil: break
        }
        (self.open, self.lines) = (nil, [])
    }

    private static func item(_ line: Substring) -> (text: Substring, isOrdered: Bool)? {
        if line.hasPrefix("- ") { return (line.dropFirst(2), false) }
        let digits = line.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, line.dropFirst(digits.count).hasPrefix(". ") else { return nil }
        return (line.dropFirst(digits.count + 2), true)
    }
}
