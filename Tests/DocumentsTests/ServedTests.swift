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

    private func get(
        _ path: String, from service: PublishedDocument.Service = .lancamentos, headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let application = try HTTPServer.makeApplication(
            routes: Route.documentation(of: service, urlPublica: Self.urlPublica), settings: HTTPSettings(),
            urlPublica: Self.urlPublica,
            authenticator: try await Authenticator(AuthSettings(mode: .none), logger: logger, agora: { Instante(milissegundos: 0) }),
            metrics: PrometheusRegistry(descriptions: [], logger: logger), logger: logger)
        return try await application.test(.router) { try await $0.execute(uri: path, method: .get, headers: headers) }
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
            #expect(document["info"]?["title"]?.text?.hasSuffix(other.rawValue) == true)
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
        let policy = try #require(response.headers[.contentSecurityPolicy])
        #expect(policy.hasPrefix("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("http"))
        let html = String(buffer: response.body)
        for service in PublishedDocument.Service.allCases {
            for operation in try Documented.openAPI(service).operations {
                #expect(html.contains("\(operation.method)</span> <code>\(operation.path)</code></p>"))
                let summary = try #require(operation.value["summary"]?.text?.split(separator: "`").first)
                #expect(html.contains(summary))
            }
        }
        for example in [">&quot;150.75&quot;</span>", ">&quot;1130.75&quot;</span>", "conta,tipo,valor,data"] {
            #expect(html.contains(example), "\(example)")
        }
        #expect(!html.contains("localhost"))
    }

    @Test(arguments: [
        ("/docs/eventos", "text/html; charset=utf-8", "consolidado.atualizado.{conta}"),
        ("/docs/mudancas", "text/html; charset=utf-8", "Sunset"),
        ("/docs/guias/registrar-com-curl", "text/html; charset=utf-8", "Idempotency-Key: guia-curl-1"),
        ("/docs/pagina.css", "text/css; charset=utf-8", "prefers-color-scheme"),
        ("/docs/pagina.js", "text/javascript; charset=utf-8", "use strict"),
        ("/docs/busca.json", "application/json", "docs#registrarLancamento"),
        ("/docs/asyncapi.yaml", "application/yaml", "asyncapi: 3.0.0"),
    ])
    func `both services show the same pages`(path: String, type: String, content: String) async throws {
        for service in PublishedDocument.Service.allCases {
            let response = try await self.get(path, from: service)
            #expect(response.status == .ok && response.headers[.contentType] == type)
            #expect(response.headers[.xContentTypeOptions] == "nosniff" && response.headers[.cacheControl] == "no-cache")
            let text = String(buffer: response.body)
            #expect(text.contains(content))
            #expect(!text.contains("localhost:8080"))
            let tag = try #require(response.headers[.eTag])
            let again = try await self.get(path, from: service, headers: [.ifNoneMatch: tag])
            #expect(again.status == .notModified && again.body.readableBytes == 0 && again.headers[.eTag] == tag)
        }
    }

    @Test(arguments: [
        "/docs/guias/registrar-com-cobol", "/docs/guias/registrar-com-curl.md", "/docs/en", "/docs/", "/docs/guias/..%2Fpagina.css",
    ])
    func `a guide, language or page that is not there is a problem`(path: String) async throws {
        let response = try await self.get(path)
        #expect(response.status == .notFound)
        #expect(response.headers[.contentType] == "application/problem+json")
    }

    @Test func `the root of lancamentos leads to the page, below any address`() async throws {
        let response = try await self.get("/")
        #expect(response.status == .found && response.headers[.location] == "docs")
        #expect(try await self.get("/", from: .consolidado).status == .notFound)
    }

    @Test func `references of the AMQP document lead to what is served beside it`() async throws {
        let document = try PublishedDocument.value(yaml: String(buffer: try await self.get("/docs/asyncapi.yaml").body))
        var references: Set<String> = []
        func collect(_ value: JSONValue) {
            for member in value.members {
                if member.name == "$ref", let text = member.value.text, !text.hasPrefix("#") { references.insert(text) }
                collect(member.value)
            }
            for element in value.elements { collect(element) }
        }
        collect(document)
        #expect(references.count == 5)
        for reference in references {
            let file = try #require(reference.split(separator: "#").first)
            let path = file.hasPrefix("../") ? "/\(file.dropFirst(3))" : "/docs/\(file)"
            #expect(try await self.get(path).status == .ok, "\(reference)")
        }
    }
}
