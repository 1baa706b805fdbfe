import Testing

/// What a test reads from a page: its elements in order.
struct Markup: Sendable {
    struct Element: Sendable {
        let name: String
        let attributes: [String: String]
        /// The names of the elements around it.
        let parents: [String]
    }

    struct Malformed: Error {
        let text: String
    }

    private static let void: Set = ["meta", "link", "input", "br"]

    private(set) var elements: [Element] = []

    /// - Throws: if an element does not end where it should, or an attribute is repeated or has no quotes.
    init(_ html: String) throws {
        var open: [String] = []
        var rest = html[...]
        while let start = rest.firstIndex(of: "<") {
            rest = rest[rest.index(after: start)...]
            let end = try #require(rest.firstIndex(of: ">"), "a tag does not end: \(rest.prefix(40))")
            let tag = rest[..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasPrefix("!") { continue }
            if tag.hasPrefix("/") {
                guard open.popLast() == String(tag.dropFirst()) else {
                    throw Malformed(text: "\(open.suffix(3)) before </\(tag.dropFirst())>")
                }
                continue
            }
            let name = String(tag.prefix { $0 != " " })
            self.elements.append(Element(name: name, attributes: try Self.attributes(tag.dropFirst(name.count)), parents: open))
            if !Self.void.contains(name) { open.append(name) }
        }
        guard open.isEmpty else { throw Malformed(text: "not ended: \(open)") }
    }

    private static func attributes(_ text: Substring) throws -> [String: String] {
        var attributes: [String: String] = [:]
        var rest = text
        while let match = rest.prefixMatch(of: #/ ([a-z-]+)(?:="([^"]*)")?/#) {
            let value = match.2.map { String($0).replacing("&quot;", with: "\"").replacing("&amp;", with: "&") } ?? ""
            guard attributes.updateValue(value, forKey: String(match.1)) == nil else { throw Malformed(text: "twice: \(text)") }
            rest = rest[match.range.upperBound...]
        }
        guard rest.isEmpty else { throw Malformed(text: "attributes: \(text)") }
        return attributes
    }

    var ids: [String] { self.elements.compactMap { $0.attributes["id"] } }
    var links: [String] { self.elements.compactMap { $0.name == "a" ? $0.attributes["href"] : nil } }
}
