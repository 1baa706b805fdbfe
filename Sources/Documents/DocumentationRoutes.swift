import Contrato
package import Edge
import HTTPTypes
import Hummingbird

extension Route {
    /// The service's own OpenAPI document, the pages and documents of both services, and the schemas of events: open.
    ///
    /// - Parameter urlPublica: the base of every address in the documents.
    package static func documentation(of service: PublishedDocument.Service, urlPublica: String) -> [Route] {
        let library = DocumentationLibrary(service: service, urlPublica: urlPublica)
        let paths =
            [
                "/openapi.json", "/docs", "/docs/eventos", "/docs/mudancas", "/docs/asyncapi.yaml", "/docs/openapi-lancamentos.json",
                "/docs/openapi-consolidado.json", "/docs/busca.json", "/docs/pagina.css", "/docs/pagina.js", "/problemas",
            ] + Documents.esquemas.map { "/esquemas/\($0.name)" }
        var routes = paths.map { path in
            Route(.get, path, access: .open) { request, _ in try await library.document(path).response(to: request) }
        }
        routes.append(
            Route(.get, "/docs/guias/{guia}", access: .open) { request, scope in
                try await library.document("/docs/guias/\(scope.parameter("guia"))").response(to: request)
            })
        if service == .lancamentos {
            // Relative, so that it holds below any public address.
            routes.append(Route(.get, "/", access: .open) { _, _ in Response(status: .found, headers: [.location: "docs"]) })
        }
        return routes
    }
}

/// The documents of one process. They are made when the first of them is read, so that a start does not wait for them.
private actor DocumentationLibrary {
    private let service: PublishedDocument.Service
    private let urlPublica: String
    private var site: DocumentationSite?

    init(service: PublishedDocument.Service, urlPublica: String) {
        self.service = service
        self.urlPublica = urlPublica
    }

    /// - Throws: `nao-encontrado` for a path without a document.
    func document(_ path: String) throws -> DocumentationSite.Document {
        let site = try self.site ?? DocumentationSite(of: self.service, urlPublica: self.urlPublica)
        self.site = site
        guard let document = site.documents[path] else { throw Problema(.naoEncontrado, detail: "Este caminho não existe.") }
        return document
    }
}

extension DocumentationSite.Document {
    /// A page loads and calls only what is at its own address.
    private static let policy = """
        default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
        frame-ancestors 'none'
        """

    fileprivate func response(to request: Request) -> Response {
        var headers: HTTPFields = [.cacheControl: "no-cache", .xContentTypeOptions: "nosniff"]
        if self.type.hasPrefix("text/html") { headers[.contentSecurityPolicy] = Self.policy }
        return .tagged(self.bytes, self.tag, contentHeaders: [.contentType: self.type], headers: headers, for: request)
    }
}
