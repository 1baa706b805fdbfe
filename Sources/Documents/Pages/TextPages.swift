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

    /// Each problem with the calls and messages that may answer it.
    static func problems(_ text: String, operations: [APIOperation], messages: [JSONMember]) throws -> Page {
        let site = SitePaths(page: "/problemas")
        let markdown = site.markdown()
        var html: HTML = ""
        var section: [MarkdownBlock] = []
        var name: String?
        func close() throws {
            html += try markdown.render(section)
            if let name { html += self.answers(with: name, operations, messages, site) }
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

    private static func answers(
        with problem: String, _ operations: [APIOperation], _ messages: [JSONMember], _ site: SitePaths
    ) -> HTML {
        var links = operations.compactMap { operation -> HTML? in
            let isWhole = operation.answers.contains { $0.problems.contains(problem) }
            let isLine = operation.answers.contains { $0.lineProblems.contains(problem) }
            guard isWhole || isLine else { return nil }
            let place = isLine ? "\(isWhole ? ", também" : ",") em uma linha da resposta" : ""
            let call: HTML = "<code>\(operation.method) \(operation.path)</code>"
            return "<li><a href=\"\(site.link("/docs#\(operation.id)"))\">\(call)</a>\(place)</li>"
        }
        for message in messages where message.value["x-problemas"]?.elements.contains(.string(problem)) == true {
            links.append("<li><a href=\"\(site.link("\(EventsPage.path)#\(message.name)"))\">A resposta a um comando, pela fila</a></li>")
        }
        guard !links.isEmpty else { return "" }
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
