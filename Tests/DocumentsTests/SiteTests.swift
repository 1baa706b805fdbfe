import Contrato
import Foundation
import Testing

@testable import Documents

/// The pages as a whole: what they contain, that they hold together, and that the documents are in them entirely.
@Suite struct SiteTests {
    private static let services = PublishedDocument.Service.allCases
    private static let site = Result { try DocumentationSite(of: .lancamentos, urlPublica: "https://caixa.example/api") }

    private static func text(_ path: String) throws -> String {
        String(decoding: try #require(try self.site.get().documents[path], "\(path)").bytes, as: UTF8.self)
    }

    private static let parsed = Result {
        try Self.site.get().documents.filter { $0.value.type.hasPrefix("text/html") }.mapValues {
            try Markup(String(decoding: $0.bytes, as: UTF8.self))
        }
    }

    private static func pages() throws -> [String: Markup] { try self.parsed.get() }

    /// The path and fragment that a relative link of a page leads to.
    private static func target(_ link: String, from page: String) throws -> (path: String, fragment: String) {
        let url = try #require(URL(string: link, relativeTo: URL(string: "http://h\(page)"))?.absoluteURL, "\(link)")
        return (url.path, url.fragment(percentEncoded: false) ?? "")
    }

    @Test func `every page is well formed, and its ids are its own`() throws {
        let pages = try Self.pages()
        #expect(pages.count == 4 + Documents.guias.count)
        for (path, page) in pages {
            #expect(page.ids.count >= 4, "\(path)")
            #expect(Dictionary(grouping: page.ids) { $0 }.filter { $0.value.count > 1 }.keys.sorted() == [], "\(path)")
            #expect(page.ids.allSatisfy { !$0.contains(" ") && !$0.isEmpty }, "\(path)")
            for landmark in ["header", "nav", "main", "footer", "h1"] {
                #expect(page.elements.count { $0.name == landmark } == 1, "\(landmark) of \(path)")
            }
            let named = page.elements.flatMap { element in
                ["aria-labelledby", "aria-describedby", "aria-controls", "for"].compactMap { element.attributes[$0] }
            }
            #expect(named.filter { !page.ids.contains($0) } == [], "\(path)")
        }
    }

    @Test func `headings have no gaps in their levels`() throws {
        for (path, page) in try Self.pages() {
            let levels = page.elements.compactMap { element in
                element.name.wholeMatch(of: /h([1-6])/).flatMap { Int($0.1) }
            }
            #expect(levels.first == 1, "\(path)")
            #expect(zip(levels, levels.dropFirst()).allSatisfy { $1 <= $0 + 1 }, "\(path)")
        }
    }

    @Test func `every link leads to something that is there`() throws {
        let (site, pages) = (try Self.site.get(), try Self.pages())
        var checked = 0
        for (path, page) in pages {
            for link in page.links where !link.hasPrefix("https://") {
                #expect(!link.hasPrefix("/"), "\(link) of \(path) does not hold below another address")
                let target = try Self.target(link, from: path)
                #expect(site.documents[target.path] != nil, "\(link) of \(path)")
                if !target.fragment.isEmpty { #expect(pages[target.path]?.ids.contains(target.fragment) == true, "\(link) of \(path)") }
                checked += 1
            }
        }
        #expect(checked > 500)
    }

    @Test func `the search finds only what is there`() throws {
        let pages = try Self.pages()
        let entries = try JSONReader.read(Array(Self.text("/docs/busca.json").utf8)).elements
        #expect(entries.count > 300)
        for entry in entries {
            let path = try #require(entry["p"]?.text)
            let target = try Self.target(path, from: "/")
            let page = try #require(pages[target.path], "\(path)")
            if !target.fragment.isEmpty { #expect(page.ids.contains(target.fragment), "\(path)") }
            #expect(entry["t"]?.text?.isEmpty == false && entry["c"]?.text?.isEmpty == false, "\(path)")
        }
        let titles = Set(entries.compactMap { $0["t"]?.text })
        for title in [
            "Registra um lançamento", "Autenticação", "Idempotency-Key", "saldo_final", "resultado-desconhecido", "correlation_id",
        ] {
            #expect(titles.contains(title), "\(title)")
        }
    }

    @Test(arguments: [
        ("token", "docs#autenticacao"), ("lote", "docs#registrarLote"), ("ofx", "docs/guias/importar-arquivo"),
        ("estornar", "docs#estornarLancamento"),
        ("estorno", "docs#estornarLancamento"), ("durável", "docs/guias/acompanhar-sem-perder"),
        ("eventos.", "docs/guias/acompanhar-sem-perder"),
        ("fuso", "docs/eventos#comandos"), ("401", "problemas#nao-autenticado"), ("hoje", "docs#registrarLancamento.pedido.data"),
        ("/v1/lancamentos/lote", "docs#registrarLote"),
    ])
    func `the search finds what is said, not only titles`(word: String, path: String) throws {
        let entries = try JSONReader.read(Array(Self.text("/docs/busca.json").utf8)).elements
        let found = entries.filter { entry in
            ["t", "c", "n", "x"].contains { entry[$0]?.text?.lowercased().contains(word) == true }
        }
        #expect(found.contains { $0["p"]?.text == "/\(path)" }, "\(found.compactMap { $0["p"]?.text })")
    }

    private static func plain(_ text: String) -> String { text.folding(options: [.diacriticInsensitive, .caseInsensitive], locale: nil) }

    /// Words of an index entry's title, names and text, as the script compares them.
    @Test(arguments: [
        ("webhook", "docs/eventos#lancamentosRegistrados"), ("TRNAMT", "docs/guias/importar-arquivo"),
        ("FITID", "docs/guias/importar-arquivo"), ("DTPOSTED", "docs/guias/importar-arquivo"),
        ("retry", "docs/guias/repetir-com-seguranca"), ("idempotência", "docs/guias/repetir-com-seguranca"),
        ("idempotencia", "docs#repetir-com-seguranca"), ("saldo", "docs#saldoDoDia"), ("extrato", "docs#listarLancamentos"),
        ("cancelar", "docs#estornarLancamento"), ("paginação", "docs#listarLancamentos"), ("changelog", "docs/mudancas"),
    ])
    func `the search finds the words that integrators type`(word: String, path: String) throws {
        let entries = try JSONReader.read(Array(Self.text("/docs/busca.json").utf8)).elements
        let found = entries.filter { entry in
            entry["k"]?.text == "titulo"
                && ["t", "c", "n", "x"].contains { Self.plain(entry[$0]?.text ?? "").contains(Self.plain(word)) }
        }
        #expect(found.contains { $0["p"]?.text == "/\(path)" }, "\(found.compactMap { $0["p"]?.text })")
    }

    @Test func `words that people search for lead to headings`() throws {
        let entries = try JSONReader.read(Array(Self.text("/docs/busca.json").utf8)).elements
        #expect(SearchWords.byPath.count > 20)
        for (path, words) in SearchWords.byPath {
            let heading = entries.first { $0["p"]?.text == path && $0["k"]?.text == "titulo" }
            #expect(heading?["n"]?.text?.hasSuffix(words) == true, "\(path)")
        }
    }

    @Test(arguments: services)
    func `every call shows its parameters, members, statuses, problems, headers and examples`(
        service: PublishedDocument.Service
    ) throws {
        let document = try Documented.openAPI(service)
        let lancamentos = try Documented.openAPI(.lancamentos)
        let html = try Self.text("/docs")
        let page = try #require(try Self.pages()["/docs"])
        let (ids, links) = (Set(page.ids), Set(page.links))
        let schemas = SchemaReader(document: document)
        func checkMembers(_ shape: ValueShape, _ anchor: String) {
            for member in shape.members {
                #expect(ids.contains("\(anchor).\(member.name)"), "\(anchor).\(member.name)")
                checkMembers(member.shape, "\(anchor).\(member.name)")
            }
        }
        for value in document.operations {
            // What both services have is shown once.
            let isOpen = value.value["security"]?.elements.isEmpty == true
            let isShared = isOpen && lancamentos.value["paths"]?[value.path] != nil
            let operation = APIOperation(value, of: isShared ? .lancamentos : service, in: document)
            #expect(ids.contains(operation.id))
            #expect(html.contains("<code>\(operation.path)</code></p>"))
            for parameter in operation.parameters {
                #expect(ids.contains("\(operation.id).\(parameter.place.rawValue).\(parameter.name)"), "\(operation.id) \(parameter.name)")
            }
            if let body = operation.body.first { checkMembers(try schemas.shape(body.schema), "\(operation.id).pedido") }
            if let body = operation.answers.first(where: { !$0.media.isEmpty })?.media.first {
                checkMembers(try schemas.shape(body.schema), "\(operation.id).resposta")
            }
            for answer in operation.answers {
                #expect(ids.contains("\(operation.id).\(answer.status)"), "\(operation.id) \(answer.status)")
                for problem in answer.problems { #expect(links.contains("problemas#\(problem)"), "\(problem)") }
                for header in answer.headers { #expect(ids.contains("\(operation.id).cabecalhos.\(header.name)"), "\(header.name)") }
            }
            let call = ExampleCall(operation)
            #expect(html.contains(HTML.escaped(call.curl)) && html.contains(HTML.escaped(call.python)), "\(operation.id)")
        }
    }

    @Test func `authentication comes first, with every scope, the claims and a local token`() throws {
        let html = try Self.text("/docs")
        let authentication = try #require(html.firstRange(of: "<h2 id=\"autenticacao\">"))
        let calls = try #require(html.firstRange(of: "<h2 id=\"lancamentos\">"))
        #expect(authentication.lowerBound < calls.lowerBound)
        let opening = html[authentication.lowerBound..<calls.lowerBound]
        for text in ["Authorization: Bearer", "<code>exp</code>", "<code>sub</code>", "<code>contas</code>", "deploy/local/token --contas"]
        {
            #expect(opening.contains(text), "\(text)")
        }
        for service in Self.services {
            for operation in try Documented.openAPI(service).operations {
                for scope in operation.value["security"]?.elements.flatMap({ $0.members.flatMap { $0.value.texts } }) ?? [] {
                    #expect(opening.contains("<dt><code>\(scope)</code></dt>"), "\(scope)")
                }
            }
        }
    }

    @Test func `the page of events shows every channel, message, property and member`() throws {
        let document = try Documented.asyncAPI().value
        let ids = Set(try #require(try Self.pages()["/docs/eventos"]).ids)
        for channel in try #require(document["channels"]).members { #expect(ids.contains(channel.name), "\(channel.name)") }
        for message in try #require(document["components"]?["messages"]).members {
            #expect(ids.contains(message.name), "\(message.name)")
            for property in message.value["x-propriedades"]?.names ?? [] {
                #expect(ids.contains("\(message.name).propriedades.\(property)"), "\(message.name) \(property)")
            }
        }
        for member in [
            "LancamentoRegistrado.corpo.data", "LancamentoRegistrado.corpo.data.estorno_de", "ConsolidadoAtualizado.corpo.data.versao",
            "RegistrarLancamento.corpo.metadados", "RespostaRecusado.corpo.erros.codigo", "CartaMorta.cabecalhos.motivo",
        ] {
            #expect(ids.contains(member), "\(member)")
        }
    }

    @Test func `every problem names the calls, lines and messages that answer it`() throws {
        let html = try Self.text("/problemas")
        let sections = html.split(separator: "<h2 id=\"").dropFirst()
        #expect(sections.count == Problema.Nome.allCases.count)
        for section in sections where !section.hasPrefix("metodo\"") { #expect(section.contains("href=\"docs#"), "\(section.prefix(30))") }
        func names(_ text: String) -> Set<String> {
            Set(sections.filter { $0.contains(text) }.map { String($0.prefix { $0 != "\"" }) })
        }
        let document = try Documented.openAPI(.lancamentos)
        let lote = try #require(document.operations.first { $0.path.hasSuffix("/lote") })
        let lines = document.resolved(try #require(lote.value["responses"]?["200"]))["x-problemas"]?.texts ?? []
        #expect(lines.count > 5 && names(" em uma linha da resposta</li>") == Set(lines))
        let messages = try #require(try Documented.asyncAPI().value["components"]?["messages"])
        let refused = messages["RespostaRecusado"]?["x-problemas"]?.texts ?? []
        #expect(refused.count > 5 && names("href=\"docs/eventos#RespostaRecusado\"") == Set(refused))
        // The call and the message name their problems too.
        let links = Set(try #require(try Self.pages()["/docs/eventos"]).links)
        for name in refused { #expect(links.contains("../problemas#\(name)"), "\(name)") }
        #expect(try Self.text("/docs").contains("Em uma linha da resposta: <a href=\"problemas#\(lines.first ?? "")\">"))
    }

    @Test func `every guide of config is served`() throws {
        let folder = Documented.repository.appending(path: "config/guias")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".md") }
        #expect(Set(Documents.guias.map { "\($0.name).md" }) == Set(files))
        for guide in Documents.guias { #expect(try Self.text("/docs/guias/\(guide.name)").contains("data-language=\"sh\"")) }
    }

    @Test func `the script and the style sheet load nothing from elsewhere`() throws {
        for (path, page) in try Self.pages() {
            let loaded = page.elements.flatMap { element in
                [element.attributes["src"], element.name == "link" ? element.attributes["href"] : nil].compactMap(\.self)
            }
            #expect(Set(try loaded.map { try Self.target($0, from: path).path }) == ["/docs/pagina.css", "/docs/pagina.js"], "\(path)")
            #expect(
                !page.elements.contains { $0.attributes["style"] != nil || $0.attributes.keys.contains { $0.hasPrefix("on") } }, "\(path)")
        }
        for path in ["/docs/pagina.css", "/docs/pagina.js"] {
            let text = try Self.text(path)
            for resource in ["http:", "https:", "url(", "@import", "localStorage", "sessionStorage", "cookie", "innerHTML"] {
                #expect(!text.contains(resource), "\(resource) in \(path)")
            }
        }
    }
}
