/// The addresses of the pages, as one page writes them: relative, so that they hold below any public address.
struct SitePaths: Sendable {
    private static let files = [
        "introducao.md": "/docs", "openapi-lancamentos.yaml": "/docs", "openapi-consolidado.yaml": "/docs",
        "asyncapi.yaml": "/docs/eventos",
        "problemas.md": "/problemas", "mudancas.md": "/docs/mudancas",
    ]

    private let root: String

    /// - Parameter page: the path of the page that contains the links.
    init(page: String) {
        self.root = String(repeating: "../", count: page.utf8.count { $0 == UInt8(ascii: "/") } - 1)
    }

    /// - Parameter path: from the root of the service, with or without a fragment.
    func link(_ path: String) -> String {
        self.root + path.dropFirst()
    }

    /// Links to problems by their names; empty if there is none.
    func problems(_ names: [String], in place: String = "") -> HTML {
        let links: [HTML] = names.map { "<a href=\"\(self.link("/problemas#\($0)"))\"><code>\($0)</code></a>" }
        return links.isEmpty ? "" : "<p class=\"problems\">\(place)\(links.joined(by: ", "))</p>"
    }

    /// Where a link in a text leads: a link to a file of `config/` leads to its page.
    /// - Returns: `nil` for what is neither a page, a fragment nor an address elsewhere.
    func target(_ target: String) -> String? {
        if target.hasPrefix("#") || target.hasPrefix("https://") { return target }
        let parts = target.split(separator: "#", maxSplits: 1)
        let file = String(parts[0]).replacing("../", with: "").replacing("guias/", with: "")
        guard let path = Self.files[file] ?? Documents.guias.first(where: { "\($0.name).md" == file }).map({ "/docs/guias/\($0.name)" })
        else {
            return nil
        }
        return self.link(path) + (parts.count == 2 ? "#\(parts[1])" : "")
    }

    /// The renderer of texts on the page.
    func markdown(headingShift: Int = 0) -> MarkdownHTML {
        MarkdownHTML(headingShift: headingShift, links: { self.target($0) })
    }
}
