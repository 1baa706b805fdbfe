import Contrato
import Edge

/// Every document and page that a service shows, ready to be sent.
struct DocumentationSite: Sendable {
    struct Document: Sendable {
        let bytes: [UInt8]
        let type: String
        let tag: EntityTag

        init(_ bytes: [UInt8], type: String, form: String) {
            self.bytes = bytes
            self.type = type
            self.tag = EntityTag(versao: 1, form: form, content: bytes)
        }

        static func json(_ value: JSONValue, type: String = "application/json") -> Document {
            Document(value.bytes, type: type, form: "json")
        }
    }

    private(set) var documents: [String: Document] = [:]

    /// - Parameter urlPublica: the base of every address in the documents.
    /// - Throws: if an embedded text is malformed or has what the pages cannot show: a mistake in the program, found by its tests.
    init(of service: PublishedDocument.Service, urlPublica: String) throws {
        let lancamentos = try PublishedDocument.openAPI(.lancamentos, urlPublica: urlPublica)
        let consolidado = try PublishedDocument.openAPI(.consolidado, urlPublica: urlPublica)
        let schemas = try PublishedDocument.schemas(urlPublica: urlPublica)
        self.documents["/openapi.json"] = .json(service == .lancamentos ? lancamentos : consolidado)
        self.documents["/docs/openapi-lancamentos.json"] = .json(lancamentos)
        self.documents["/docs/openapi-consolidado.json"] = .json(consolidado)
        for schema in schemas { self.documents["/esquemas/\(schema.name)"] = .json(schema.value, type: "application/schema+json") }
        let asyncAPI = PublishedDocument.asyncAPIText(urlPublica: urlPublica)
        self.documents["/docs/asyncapi.yaml"] = Document(Array(asyncAPI.utf8), type: "application/yaml", form: "yaml")
        self.documents["/docs/pagina.css"] = Document(Documents.styleSheet, type: "text/css; charset=utf-8", form: "css")
        self.documents["/docs/pagina.js"] = Document(Documents.script, type: "text/javascript; charset=utf-8", form: "js")

        let document = OpenAPIDocument(lancamentos)
        let groups = OperationGroup.groups(lancamentos: document, consolidado: OpenAPIDocument(consolidado))
        let events = EventsPage(document: try PublishedDocument.asyncAPI(lancamentos: document, schemas: schemas, urlPublica: urlPublica))
        let reference = ReferencePage(
            operations: groups, servedBy: service, introduction: PublishedDocument.moved(Documents.introducao, to: urlPublica),
            lancamentos: document)
        var pages = [
            try reference.page(), try events.page(), try TextPages.changes(Documents.mudancas),
            try TextPages.problems(Documents.problemas, operations: groups.flatMap(\.operations), messages: events.messageMembers),
        ]
        pages += try Documents.guias.map { try TextPages.guide($0.name, $0.text) }
        let contents = try Self.contents(groups, events)
        for page in pages {
            self.documents[page.path] = Document(
                Array(page.html(contents, servedBy: service).utf8), type: "text/html; charset=utf-8", form: "html")
        }
        self.documents["/docs/busca.json"] = Document(
            SearchIndex.json(pages.flatMap { SearchIndex.entries(of: $0) }), type: "application/json", form: "json")
    }

    private static func contents(_ groups: [OperationGroup], _ events: EventsPage) throws -> Contents {
        let opening = try MarkdownBlock.read(Documents.introducao).compactMap { block -> Contents.Item? in
            guard case .heading(2, let text) = block else { return nil }
            return Contents.Item(title: text, path: "\(ReferencePage.path)#\(MarkdownHTML.anchor(text))")
        }
        let guides = try Documents.guias.map { Contents.Item(title: try TextPages.title(of: $0.text), path: "/docs/guias/\($0.name)") }
        var shown = [Contents.Group(title: "Começar", items: opening), Contents.Group(title: "Guias", items: guides)]
        for group in groups {
            let calls = group.operations.map {
                Contents.Item(title: $0.summary.replacing("`", with: ""), path: "\(ReferencePage.path)#\($0.id)")
            }
            shown.append(Contents.Group(title: group.title, items: calls))
        }
        shown.append(Contents.Group(title: "Eventos", items: events.contents))
        let others = [
            Contents.Item(title: "Problemas", path: "/problemas"), Contents.Item(title: "O que mudou", path: "/docs/mudancas"),
        ]
        shown.append(Contents.Group(title: "Mais", items: others))
        return Contents(groups: shown)
    }
}
