import Contrato

/// What the search of the pages finds: headings, calls, parameters and members, each with its address.
struct SearchIndex {
    struct Entry: Equatable {
        let title: String
        /// Where it is found.
        let context: String
        /// From the root of the service.
        let path: String
    }

    /// The headings and members that a page's markup has, in their order.
    ///
    /// Read from the markup: every address of the index exists because it was found there.
    static func entries(of page: Page) -> [Entry] {
        let markup = page.body.markup
        var entries = [Entry(title: page.title, context: "página", path: page.path)]
        var (section, heading) = (page.title, page.title)
        for tag in markup.utf8.split(separator: UInt8(ascii: "<")) {
            if let id = self.id(of: tag, after: "h2 id=\"") {
                section = self.text(after: tag, in: markup)
                heading = section
                entries.append(Entry(title: section, context: page.title, path: "\(page.path)#\(id)"))
            } else if let id = self.id(of: tag, after: "h3 id=\"") {
                heading = self.text(after: tag, in: markup)
                entries.append(Entry(title: heading, context: section, path: "\(page.path)#\(id)"))
            } else if let id = self.id(of: tag, after: "div class=\"member\" id=\""), let name = id.split(separator: ".").last,
                !name.allSatisfy(\.isNumber)
            {
                entries.append(Entry(title: String(name), context: heading, path: "\(page.path)#\(id)"))
            }
        }
        return entries
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
        return [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")].reduce(text) { $0.replacing($1.0, with: $1.1) }
    }

    static func json(_ entries: [Entry]) -> [UInt8] {
        JSONValue.array(
            entries.map { entry in
                .object([
                    JSONMember(name: "t", value: .string(entry.title)), JSONMember(name: "c", value: .string(entry.context)),
                    JSONMember(name: "p", value: .string(entry.path)),
                ])
            }
        ).bytes
    }
}
