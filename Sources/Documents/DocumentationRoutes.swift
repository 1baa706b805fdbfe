import Contrato
package import Edge
import HTTPTypes
import Hummingbird
import NIOCore

extension Route {
    /// The service's own OpenAPI document, the page and documents of both services, the page of problems, and the schemas of events: open.
    ///
    /// The bytes are made once, here: a request only copies them.
    ///
    /// - Parameter urlPublica: the base of every address in the documents.
    /// - Throws: if an embedded document is malformed: a mistake in the program.
    package static func documentation(of service: PublishedDocument.Service, urlPublica: String) throws -> [Route] {
        let lancamentos = try PublishedDocument.openAPI(.lancamentos, urlPublica: urlPublica)
        let consolidado = try PublishedDocument.openAPI(.consolidado, urlPublica: urlPublica)
        let own = service == .lancamentos ? lancamentos : consolidado
        let problems = HTML.page(title: "Problemas", body: MarkdownHTML.render(Documents.problemas))
        let schemas = try PublishedDocument.schemas(urlPublica: urlPublica)
        return [
            self.document("/openapi.json", own.bytes, type: "application/json"),
            self.page("/docs", DocsPage.html(lancamentos: lancamentos, consolidado: consolidado)),
            self.document("/docs/openapi-lancamentos.json", lancamentos.bytes, type: "application/json"),
            self.document("/docs/openapi-consolidado.json", consolidado.bytes, type: "application/json"),
            self.page("/problemas", problems),
        ] + schemas.map { self.document("/esquemas/\($0.name)", $0.value.bytes, type: "application/schema+json") }
    }

    private static func page(_ path: String, _ html: String) -> Route {
        // Only the page's own style may be loaded.
        self.document(
            path, Array(html.utf8), type: "text/html; charset=utf-8",
            headers: [.contentSecurityPolicy: "default-src 'none'; style-src 'unsafe-inline'"])
    }

    private static func document(_ path: String, _ bytes: [UInt8], type: String, headers: HTTPFields = [:]) -> Route {
        var headers = headers
        headers[.contentType] = type
        headers[.xContentTypeOptions] = "nosniff"
        let (buffer, fields) = (ByteBuffer(bytes: bytes), headers)
        return Route(.get, path, access: .open) { _, _ in
            Response(status: .ok, headers: fields, body: ResponseBody(byteBuffer: buffer))
        }
    }
}
