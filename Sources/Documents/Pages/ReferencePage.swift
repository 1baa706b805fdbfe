import Contrato

/// `/docs`: how to begin, then every call of both services.
struct ReferencePage {
    static let path = "/docs"

    let operations: [OperationGroup]
    let servedBy: PublishedDocument.Service
    /// The text that precedes the calls.
    let introduction: String
    /// The schema of an error, and the document that it is in.
    let problem: JSONValue
    let schemas: SchemaReader

    private let site = SitePaths(page: Self.path)

    init(operations: [OperationGroup], servedBy: PublishedDocument.Service, introduction: String, lancamentos: OpenAPIDocument) {
        self.operations = operations
        self.servedBy = servedBy
        self.introduction = introduction
        self.schemas = SchemaReader(document: lancamentos)
        self.problem = lancamentos.value["components"]?["schemas"]?["Problema"] ?? .bool(true)
    }

    func page() throws -> Page {
        let languages: HTML = """
            <fieldset class="languages"><legend>Exemplos em</legend>
            <label><input type="radio" name="linguagem" id="linguagem-curl" checked> curl</label>
            <label><input type="radio" name="linguagem" id="linguagem-python"> Python</label></fieldset>

            """
        let groups: [HTML] = try self.operations.map { try self.section($0) }
        return Page(path: Self.path, title: "Fluxo de Caixa: a API", body: try self.opening() + languages + "\(groups)")
    }

    /// The text, with what the documents say in the sections that ask for it.
    private func opening() throws -> HTML {
        let markdown = self.site.markdown()
        var html: HTML = ""
        var section: [MarkdownBlock] = []
        var id: String?
        func close() throws {
            html += try markdown.render(section)
            switch id {
            case "autenticacao"?: html += self.tokenField
            case "escopos"?: html += try self.scopes()
            case "erros"?: html += try self.errorMembers()
            default: break
            }
            section = []
        }
        for block in try MarkdownBlock.read(self.introduction) {
            if case .heading(2, let text) = block {
                try close()
                id = MarkdownHTML.anchor(text)
            }
            section.append(block)
        }
        try close()
        return "<div class=\"prose\">\n\(html)</div>\n"
    }

    /// Shown by the script alone: without it there is nothing that could use a token.
    private var tokenField: HTML {
        """
        <form class="token" id="token-da-pagina"><p class="field"><label for="token">Token para experimentar nesta página</label>
        <input id="token" type="password" autocomplete="off" spellcheck="false" aria-describedby="token-nota"></p>
        <p id="token-nota">Fica só na memória desta aba: nada o guarda, e recarregar a página o esquece. Vai apenas para o endereço
        desta página.</p>
        </form>

        """
    }

    private func scopes() throws -> HTML {
        let operations = self.operations.flatMap(\.operations)
        var scopes: [String] = []
        for scope in operations.compactMap(\.scope) where !scopes.contains(scope) { scopes.append(scope) }
        let terms: [HTML] = scopes.map { scope in
            let calls: [HTML] = operations.filter { $0.scope == scope }.map { operation in
                "<li><a href=\"#\(operation.id)\"><code>\(operation.method) \(operation.path)</code></a></li>"
            }
            return "<div class=\"member\"><dt><code>\(scope)</code></dt><dd><ul class=\"calls\">\(calls)</ul></dd></div>\n"
        }
        return "<dl class=\"members\">\n\(terms)</dl>\n"
    }

    private func errorMembers() throws -> HTML {
        try MembersHTML(markdown: self.site.markdown(headingShift: 3)).list(self.schemas.shape(self.problem), anchor: "erro")
    }

    private func section(_ group: OperationGroup) throws -> HTML {
        let markdown = self.site.markdown(headingShift: 3)
        let renderer = OperationHTML(
            servedBy: self.servedBy, schemas: SchemaReader(document: group.document), markdown: markdown, site: self.site)
        let operations: [HTML] = try group.operations.map { try renderer.html($0) }
        return """
            <section aria-labelledby="\(group.id)">
            <h2 id="\(group.id)"><a class="anchor" href="#\(group.id)">\(group.title)</a></h2>
            <div class="prose">\(try markdown.render(group.description))</div>
            \(operations)</section>

            """
    }
}

/// The calls that a section of the page has.
struct OperationGroup {
    let id: String
    let title: String
    let description: String
    let document: OpenAPIDocument
    let operations: [APIOperation]

    /// The calls of each service that need a token, then once those that need none.
    static func groups(lancamentos: OpenAPIDocument, consolidado: OpenAPIDocument) -> [OperationGroup] {
        let one = lancamentos.operations.map { APIOperation($0, of: .lancamentos, in: lancamentos) }
        let other = consolidado.operations.map { APIOperation($0, of: .consolidado, in: consolidado) }
        // What both services have is shown once.
        let shared = Set(one.filter(\.isOpen).map(\.path))
        func description(_ document: OpenAPIDocument) -> String { document.value["info"]?["description"]?.text ?? "" }
        return [
            OperationGroup(
                id: "lancamentos", title: "Lançamentos", description: description(lancamentos), document: lancamentos,
                operations: one.filter { !$0.isOpen }),
            OperationGroup(
                id: "consolidado", title: "Consolidado", description: description(consolidado), document: consolidado,
                operations: other.filter { !$0.isOpen || !shared.contains($0.path) }),
            OperationGroup(
                id: "operacao-e-documentos", title: "Operação e documentos",
                description: "Os dois serviços têm estas chamadas. Nenhuma pede token.",
                document: lancamentos, operations: one.filter(\.isOpen)),
        ]
    }
}
