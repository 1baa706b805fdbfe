import Contrato
import Documents
import FluxoDeCaixa
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Observability
import Testing

@testable import Access
@testable import Edge

/// The merchant's page as consolidado serves it.
@Suite struct PainelTests {
    private static let apart = PainelConfiguration(
        lancamentosOrigin: "http://127.0.0.1:8080", timeZone: "America/Sao_Paulo", contasClaim: "contas", scopeClaim: "scope",
        needsToken: true, issuer: nil)
    private static let together = PainelConfiguration(
        lancamentosOrigin: nil, timeZone: "America/Manaus", contasClaim: "lojas", scopeClaim: "scp", needsToken: false, issuer: nil)
    private static let withIssuer = PainelConfiguration(
        lancamentosOrigin: nil, timeZone: "America/Sao_Paulo", contasClaim: "contas", scopeClaim: "scope", needsToken: true,
        issuer: PainelIssuer(
            identifier: "https://id.example/loja", clientID: "painel", scopes: "openid consolidado:ler",
            origins: ["https://id.example", "https://token.example"]))

    private func get(
        _ path: String, _ configuration: PainelConfiguration = Self.apart, headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let application = try HTTPServer.makeApplication(
            routes: Route.painel(configuration), settings: HTTPSettings(), urlPublica: "https://caixa.example",
            authenticator: try await Authenticator(AuthSettings(mode: .none), logger: logger, agora: { Instante(milissegundos: 0) }),
            metrics: PrometheusRegistry(descriptions: [], logger: logger), logger: logger)
        return try await application.test(.router) { try await $0.execute(uri: path, method: .get, headers: headers) }
    }

    private func text(_ path: String) async throws -> String {
        String(buffer: try await self.get(path).body)
    }

    /// Every file of the page, by its address.
    private static let paths = ["/painel"] + Documents.painelFiles.map { "/painel/\($0.name)" }

    @Test func `the root leads to the page, below any address`() async throws {
        let response = try await self.get("/")
        #expect(response.status == .found && response.headers[.location] == "painel")
    }

    @Test(arguments: Self.paths)
    func `a file has its type and a tag, and is not sent again`(path: String) async throws {
        let types = ["js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"]
        let response = try await self.get(path)
        #expect(response.status == .ok)
        #expect(response.headers[.contentType] == types[String(path.split(separator: ".").last ?? "")] ?? "text/html; charset=utf-8")
        #expect(response.headers[.xContentTypeOptions] == "nosniff" && response.headers[.cacheControl] == "no-cache")
        let tag = try #require(response.headers[.eTag])
        let again = try await self.get(path, headers: [.ifNoneMatch: tag])
        #expect(again.status == .notModified && again.body.readableBytes == 0)
    }

    @Test func `the policy allows the page's own files and the two services alone`() async throws {
        for path in Self.paths {
            let headers = try await self.get(path).headers
            let policy = try #require(headers[.contentSecurityPolicy])
            let directives = policy.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(
                Set(directives) == [
                    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
                    "connect-src 'self' http://127.0.0.1:8080", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
                ], "\(path)")
            #expect(headers[try #require(HTTPField.Name("Referrer-Policy"))] == "no-referrer")
        }
        let policy = try #require(try await self.get("/painel", Self.together).headers[.contentSecurityPolicy])
        #expect(policy.contains("connect-src 'self';"))
    }

    @Test func `with an issuer the policy allows its origins too, and the configuration names it`() async throws {
        for path in Self.paths + ["/painel/configuracao.json"] {
            let policy = try #require(try await self.get(path, Self.withIssuer).headers[.contentSecurityPolicy])
            #expect(policy.contains("connect-src 'self' https://id.example https://token.example;"), "\(path)")
        }
        let body = try await self.get("/painel/configuracao.json", Self.withIssuer).body
        let issuer = try #require(try JSONReader.read(Array(body.readableBytesView))["oidc"])
        #expect(issuer["emissor"]?.text == "https://id.example/loja" && issuer["cliente"]?.text == "painel")
        #expect(issuer["escopos"]?.text == "openid consolidado:ler")
        #expect(issuer["origens"] == .array([.string("https://id.example"), .string("https://token.example")]))
        let without = try await self.get("/painel/configuracao.json").body
        #expect(try JSONReader.read(Array(without.readableBytesView))["oidc"] == .null)
    }

    @Test func `the issuer's answer in the address changes nothing at the service`() async throws {
        let answered = try await self.get("/painel?code=a%2Fb&state=c", Self.withIssuer)
        let plain = try await self.get("/painel", Self.withIssuer)
        #expect(answered.status == .ok && answered.body == plain.body && answered.headers[.eTag] == plain.headers[.eTag])
    }

    @Test func `the configuration names lancamentos, the time zone and the claims`() async throws {
        let response = try await self.get("/painel/configuracao.json", Self.together)
        #expect(response.headers[.contentType] == "application/json")
        let shown = try JSONReader.read(Array(response.body.readableBytesView))
        #expect(shown["lancamentos_url"]?.text == "" && shown["fuso"]?.text == "America/Manaus")
        #expect(shown["claim_contas"]?.text == "lojas" && shown["claim_escopo"]?.text == "scp")
        #expect(shown["sem_token"] == .bool(true))
        let apart = try JSONReader.read(Array(try await self.get("/painel/configuracao.json").body.readableBytesView))
        #expect(apart["lancamentos_url"]?.text == "http://127.0.0.1:8080" && apart["sem_token"] == .bool(false))
    }

    @Test func `every file of the folder is served, and what the files name exists`() async throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../config/painel")
        let written = try FileManager.default.contentsOfDirectory(atPath: folder.standardizedFileURL.path)
        let served = Documents.painelFiles.map(\.name)
        #expect(Set(written) == Set(served + ["index.html"]))
        var loaded: Set<String> = []
        for match in try await self.text("/painel").matches(of: /(?:href|src)="painel\/([^"]+)"/) { loaded.insert(String(match.1)) }
        for name in served where name.hasSuffix(".js") {
            let text = try await self.text("/painel/\(name)")
            let imports = text.matches(of: /(?:import|export)\s[^;]*?from '([^']+)'/).map { String($0.1) }
            for module in imports {
                #expect(module.hasPrefix("./"), "\(name) loads \(module)")
                loaded.insert(String(module.dropFirst(2)))
            }
        }
        #expect(loaded == Set(served))
    }

    @Test func `there is no inline script or style, and no text becomes markup`() async throws {
        let html = try await self.text("/painel")
        #expect(!html.contains(/<script(?![^>]*\ssrc=)/) && !html.contains(/<style|\sstyle=|\son[a-z]+=/))
        for name in Documents.painelFiles.map(\.name) where name.hasSuffix(".js") {
            let text = try await self.text("/painel/\(name)")
            let dangerous = [
                "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "createContextualFragment", "DOMParser", "setHTML",
                "eval(", "new Function", "localStorage",
            ]
            for word in dangerous { #expect(!text.contains(word), "\(name) uses \(word)") }
            let others = text.matches(of: /https?:\/\/[a-z0-9.\/]+/).map { String($0.0) }.filter { $0 != "http://www.w3.org/2000/svg" }
            #expect(others.isEmpty, "\(name) names \(others)")
        }
    }

    @Test(arguments: ["/painel/", "/painel/index.html", "/painel/nada.js", "/painel/..%2Fpainel.js", "/painel/a/b"])
    func `what is no file of the page is a problem`(path: String) async throws {
        let response = try await self.get(path)
        #expect(response.status == .notFound)
        #expect(response.headers[.contentType] == "application/problem+json")
    }
}
