import Contrato

/// The pages that are texts: guides, problems and changes.
enum TextPages {
    static func guide(_ name: String, _ text: String) throws -> Page {
        let path = "/docs/guias/\(name)"
        let site = SitePaths(page: path)
        return Page(path: path, title: try self.title(of: text), body: "<div class=\"prose\">\n\(try site.markdown().render(text))</div>\n")
    }

    static func changes(_ text: String) throws -> Page {
        let site = SitePaths(page: "/docs/mudancas")
        return Page(
            path: "/docs/mudancas", title: try self.title(of: text),
            body: "<div class=\"prose\">\n\(try site.markdown().render(text))</div>\n")
    }

    /// Each problem with the calls that may answer it.
    static func problems(_ text: String, operations: [APIOperation]) throws -> Page {
        let site = SitePaths(page: "/problemas")
        let markdown = site.markdown()
        var html: HTML = ""
        var section: [MarkdownBlock] = []
        var name: String?
        func close() throws {
            html += try markdown.render(section)
            if let name { html += self.calls(operations.filter { $0.answers.contains { $0.problems.contains(name) } }, site) }
            section = []
        }
        for block in try MarkdownBlock.read(text) {
            if case .heading(2, let text) = block {
                try close()
                name = text
            }
            section.append(block)
        }
        try close()
        return Page(path: "/problemas", title: try self.title(of: text), body: "<div class=\"prose\">\n\(html)</div>\n")
    }

    private static func calls(_ operations: [APIOperation], _ site: SitePaths) -> HTML {
        guard !operations.isEmpty else { return "" }
        let links: [HTML] = operations.map { operation in
            "<li><a href=\"\(site.link("/docs#\(operation.id)"))\"><code>\(operation.method) \(operation.path)</code></a></li>"
        }
        return "<p>Respondem assim:</p>\n<ul class=\"calls\">\(links)</ul>\n"
    }

    /// The text of the heading that a text begins with.
    static func title(of text: String) throws -> String {
        guard case .heading(1, let title)? = try MarkdownBlock.read(text).first else {
            throw PublishedDocument.Malformed(description: "a text begins with its title")
        }
        return title.replacing("`", with: "")
    }
}
