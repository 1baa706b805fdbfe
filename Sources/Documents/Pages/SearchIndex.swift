import Contrato

/// What the search of the pages finds: headings, calls, statuses, parameters and members, each with its address and first sentences.
struct SearchIndex {
    struct Entry: Equatable {
        enum Kind: String {
            case heading = "titulo"
            case status
            case member = "membro"
        }

        let kind: Kind
        let title: String
        /// Where it is found.
        let context: String
        /// From the root of the service.
        let path: String
        /// Other names of a heading: its id, the method and path of a call, and words that people search for instead.
        var names = ""
        /// The beginning of what is said there, without code.
        var text = ""
    }

    /// The longest guide has no heading but its title.
    private static let textBytesMax = 8192
    private static let namesBytesMax = 200
    /// Examples and forms, whose words would be found everywhere.
    private static let skippedElements = ["figure", "form", "summary"]

    /// The headings, statuses and members that a page's markup has, in their order.
    ///
    /// Read from the markup: every address of the index exists because it was found there.
    static func entries(of page: Page) -> [Entry] {
        let markup = page.body.markup
        var entries = [Entry(kind: .heading, title: page.title, context: "página", path: page.path)]
        var section = page.title
        // Positions of the heading that was read last, and of the entry to which a text belongs.
        var (heading, current) = (0, 0)
        var skipped: String?
        var (isTitle, isCall) = (false, false)
        for tag in markup.utf8.split(separator: UInt8(ascii: "<")) {
            if let element = skipped {
                if tag.starts(with: "/\(element)".utf8) { skipped = nil }
                continue
            }
            skipped = self.skippedElements.first { tag.starts(with: $0.utf8) }
            guard skipped == nil else { continue }
            if let id = self.id(of: tag, after: "h2 id=\"") {
                section = self.text(after: tag, in: markup)
                entries.append(Entry(kind: .heading, title: section, context: page.title, path: "\(page.path)#\(id)", names: id))
                (heading, current, isTitle) = (entries.count - 1, entries.count - 1, true)
            } else if let id = self.id(of: tag, after: "h3 id=\"") {
                let title = self.text(after: tag, in: markup)
                entries.append(Entry(kind: .heading, title: title, context: section, path: "\(page.path)#\(id)", names: id))
                (heading, current, isTitle) = (entries.count - 1, entries.count - 1, true)
            } else if let id = self.id(of: tag, after: "div class=\"member\" id=\""), let name = id.split(separator: ".").last {
                let kind: Entry.Kind = name.allSatisfy(\.isNumber) ? .status : .member
                entries.append(Entry(kind: kind, title: String(name), context: entries[heading].title, path: "\(page.path)#\(id)"))
                current = entries.count - 1
            } else if tag.starts(with: "/h".utf8) {
                isTitle = false
            } else if tag.starts(with: "h4".utf8) || tag.starts(with: "/dl".utf8) {
                current = heading
            } else if tag.starts(with: "p class=\"call\"".utf8) {
                isCall = true
            } else if tag.starts(with: "/p".utf8) {
                isCall = false
            }
            guard !isTitle else { continue }
            let words = self.words(after: tag)
            if isCall {
                self.append(words, to: &entries[heading].names, bytesMax: self.namesBytesMax)
            } else {
                self.append(words, to: &entries[current].text, bytesMax: self.textBytesMax)
            }
        }
        return self.withSearchWords(entries)
    }

    private static func withSearchWords(_ entries: [Entry]) -> [Entry] {
        entries.map { entry in
            guard entry.kind == .heading, let words = SearchWords.byPath[entry.path] else { return entry }
            var entry = entry
            self.append(words, to: &entry.names, bytesMax: .max)
            return entry
        }
    }

    /// What follows a tag up to the next one, in one line.
    private static func words(after tag: Substring.UTF8View) -> String {
        guard let end = tag.firstIndex(of: UInt8(ascii: ">")) else { return "" }
        let text = Substring(tag[tag.index(after: end)...])
        return self.unescaped(text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
    }

    private static func append(_ words: String, to text: inout String, bytesMax: Int) {
        guard !words.isEmpty, text.utf8.count < bytesMax else { return }
        text += text.isEmpty ? words : " \(words)"
    }

    private static func id(of tag: Substring.UTF8View, after start: String) -> String? {
        guard tag.starts(with: start.utf8) else { return nil }
        return String(Substring(tag.dropFirst(start.utf8.count).prefix { $0 != UInt8(ascii: "\"") }))
    }

    /// The text of the heading that begins here.
    private static func text(after start: Substring.UTF8View, in markup: String) -> String {
        let rest = markup[start.startIndex...]
        let end = rest.firstRange(of: "</h")?.lowerBound ?? rest.endIndex
        var text = ""
        var isTag = true
        for character in rest[..<end] {
            switch character {
            case "<": isTag = true
            case ">": isTag = false
            default: if !isTag { text.append(character) }
            }
        }
        return self.unescaped(text)
    }

    private static func unescaped(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
        return [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")].reduce(text) { $0.replacing($1.0, with: $1.1) }
    }

    static func json(_ entries: [Entry]) -> [UInt8] {
        JSONValue.array(
            entries.map { entry in
                .object([
                    JSONMember(name: "t", value: .string(entry.title)), JSONMember(name: "c", value: .string(entry.context)),
                    JSONMember(name: "p", value: .string(entry.path)), JSONMember(name: "k", value: .string(entry.kind.rawValue)),
                    JSONMember(name: "n", value: .string(entry.names)), JSONMember(name: "x", value: .string(entry.text)),
                ])
            }
        ).bytes
    }
}
