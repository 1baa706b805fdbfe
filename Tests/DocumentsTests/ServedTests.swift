import Contrato
import Documents
import FluxoDeCaixa
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Observability
import Testing

@testable import Access
@testable import Edge

/// What the services answer with at the open addresses of their documentation.
@Suite struct ServedTests {
    private static let urlPublica = "https://caixa.example/api"

    private func get(_ path: String, from service: PublishedDocument.Service = .lancamentos) async throws -> TestResponse {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let application = try HTTPServer.makeApplication(
            routes: try Route.documentation(of: service, urlPublica: Self.urlPublica), settings: HTTPSettings(),
            urlPublica: Self.urlPublica,
            authenticator: try await Authenticator(AuthSettings(mode: .none), logger: logger, agora: { Instante(milissegundos: 0) }),
            metrics: PrometheusRegistry(descriptions: [], logger: logger), logger: logger)
        return try await application.test(.router) { try await $0.execute(uri: path, method: .get) }
    }

    private func json(_ path: String, from service: PublishedDocument.Service = .lancamentos) async throws -> JSONValue {
        let response = try await self.get(path, from: service)
        #expect(response.status == .ok && response.headers[.contentType] == "application/json")
        return try JSONReader.read(Array(response.body.readableBytesView))
    }

    @Test(arguments: PublishedDocument.Service.allCases)
    func `a service shows its own document, and both under docs`(service: PublishedDocument.Service) async throws {
        let own = try await self.json("/openapi.json", from: service)
        #expect(own == (try await self.json("/docs/openapi-\(service.rawValue).json", from: service)))
        for other in PublishedDocument.Service.allCases {
            let document = try await self.json("/docs/openapi-\(other.rawValue).json", from: service)
            #expect(document["openapi"]?.text == "3.1.0")
            #expect(document["info"]?["title"]?.text?.hasSuffix(other.rawValue == "lancamentos" ? "lançamentos" : "consolidado") == true)
            #expect(document["servers"]?.elements.first?["url"]?.text == Self.urlPublica)
            #expect(
                !String(decoding: try await self.get("/openapi.json", from: service).body.readableBytesView, as: UTF8.self)
                    .contains("localhost"))
        }
    }

    @Test(arguments: ["lancamento-registrado-v1.json", "consolidado-atualizado-v1.json"])
    func `schemas are served under the name that they have`(name: String) async throws {
        let response = try await self.get("/esquemas/\(name)")
        #expect(response.status == .ok && response.headers[.contentType] == "application/schema+json")
        let schema = try JSONReader.read(Array(response.body.readableBytesView))
        #expect(schema["$id"]?.text == "\(Self.urlPublica)/esquemas/\(name)")
        #expect(schema["$schema"]?.text == "https://json-schema.org/draft/2020-12/schema")
    }

    @Test func `every problem's address leads to its section`() async throws {
        let response = try await self.get("/problemas")
        #expect(response.headers[.contentType] == "text/html; charset=utf-8")
        let html = String(buffer: response.body)
        for nome in Problema.Nome.allCases { #expect(html.contains("<h2 id=\"\(nome.rawValue)\">")) }
        #expect(!html.contains("`") && !html.contains("**"))
    }

    @Test func `the page shows every operation of both services and loads nothing`() async throws {
        let response = try await self.get("/docs", from: .consolidado)
        #expect(response.headers[.contentSecurityPolicy]?.hasPrefix("default-src 'none'") == true)
        let html = String(buffer: response.body)
        for service in PublishedDocument.Service.allCases {
            for operation in try Documented.openAPI(service).operations {
                #expect(html.contains("<code>\(operation.method) \(operation.path)</code></h3>"))
                let summary = try #require(operation.value["summary"]?.text?.split(separator: "`").first)
                #expect(html.contains(summary))
            }
        }
        for example in ["&quot;valor&quot;: &quot;150.75&quot;", "&quot;saldo_final&quot;: &quot;1130.75&quot;", "conta,tipo,valor,data"] {
            #expect(html.contains(example), "\(example)")
        }
        for resource in ["src=", "<script", "<link", "@import", "url("] { #expect(!html.contains(resource), "\(resource)") }
        for link in html.matches(of: /href="([^"]*)"/) {
            #expect(link.1.hasPrefix("/") || link.1.hasPrefix("#"), "\(link.1)")
        }
    }
}
