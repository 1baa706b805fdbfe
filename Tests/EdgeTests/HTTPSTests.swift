import AsyncHTTPClient
import Fixtures
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOSSL
import TestSupport
import Testing

@testable import Edge
@testable import Observability
@testable import ServiceRuntime
@testable import Settings

/// The listener with a certificate of a test's own authority.
@Suite(.timeLimit(.minutes(5))) struct HTTPSTests {
    /// An authority, a certificate of it, and the files that the listener reads.
    private struct Scene {
        let authority: TestAuthority
        let other: TestAuthority
        let files: HTTPSettings.TLS
        var fixture = EdgeFixture()

        static func with(_ body: (Scene) async throws -> Void) async throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "https-\(UUID().uuidString)").path
            defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: folder) } }
            try await body(
                Scene(
                    authority: try await TestAuthority(in: folder + "/a"), other: try await TestAuthority(in: folder + "/b"),
                    files: .init(certificate: folder + "/tls.crt", key: folder + "/tls.key")))
        }

        func use(_ certificate: TestAuthority.Certificate) throws {
            for (from, to) in [(certificate.file, self.files.certificate), (certificate.keyFile, self.files.key)] {
                try Data(contentsOf: URL(filePath: from)).write(to: URL(filePath: to))
            }
        }

        func certificate() throws -> ListenerCertificate {
            try ListenerCertificate(
                self.files, interval: .milliseconds(50), metrics: self.fixture.registry, logger: self.fixture.logger)
        }

        func serve(_ certificate: TestAuthority.Certificate, _ body: @Sendable (Int) async throws -> Void) async throws {
            try self.use(certificate)
            var fixture = self.fixture
            fixture.certificate = try self.certificate()
            try await fixture.serve(body)
        }
    }

    /// Asks over a connection of its own, as a client that checks what it is shown.
    private static func get(
        _ port: Int, believing authority: TestAuthority, host: String = "localhost", _ change: (inout TLSConfiguration) -> Void = { _ in }
    ) async throws -> HTTPResponseStatus {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file(authority.file)
        change(&tls)
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.connectionPool.retryConnectionEstablishment = false
        return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
            try await client.execute(HTTPClientRequest(url: "https://\(host):\(port)/open"), timeout: .seconds(20)).status
        }
    }

    private static func refusal(_ body: () async throws -> HTTPResponseStatus) async -> String {
        do {
            return "answered \(try await body())"
        } catch {
            return "\(error)"
        }
    }

    @Test func `the listener speaks TLS 1.2 or newer and nothing else`() async throws {
        try await Scene.with { scene in
            let authority = scene.authority
            try await scene.serve(try await authority.issue("api", for: "DNS:localhost", "IP:127.0.0.1")) { port in
                #expect(try await Self.get(port, believing: authority) == .ok)
                #expect(try await Self.get(port, believing: authority) { $0.maximumTLSVersion = .tlsv12 } == .ok)
                let old = await Self.refusal {
                    try await Self.get(port, believing: authority) {
                        $0.minimumTLSVersion = .tlsv1
                        $0.maximumTLSVersion = .tlsv11
                    }
                }
                #expect(old.contains("PROTOCOL_VERSION"), "\(old)")
                let plain = try await RawConnection.exchange(port: port, [LiveServerTests.get])
                #expect(!plain.text.contains("HTTP/1.1") && plain.closed)

                let health = await Saude.ask(HTTPSettings(port: port, tls: .init(certificate: "", key: "")))
                #expect(health.isReady, "\(health.message)")
                let plainHealth = await Saude.ask(HTTPSettings(port: port))
                #expect(!plainHealth.isReady)
            }
        }
    }

    @Test func `a client refuses another authority, another host and an expired certificate`() async throws {
        try await Scene.with { scene in
            let (authority, other) = (scene.authority, scene.other)
            try await scene.serve(try await authority.issue("api", for: "DNS:localhost")) { port in
                let good = try await Self.get(port, believing: authority)
                #expect(good == .ok)
                let unknown = await Self.refusal { try await Self.get(port, believing: other) }
                #expect(unknown.contains("CERTIFICATE_VERIFY_FAILED"), "\(unknown)")
                let elsewhere = await Self.refusal { try await Self.get(port, believing: authority, host: "127.0.0.1") }
                #expect(elsewhere.contains("ValidateHostname"), "\(elsewhere)")
            }
            try await scene.serve(try await authority.issue("vencido", for: "DNS:localhost", valid: .expired)) { port in
                let expired = await Self.refusal { try await Self.get(port, believing: authority) }
                #expect(expired.contains("CERTIFICATE_VERIFY_FAILED"), "\(expired)")
            }
        }
    }

    @Test func `a renewed certificate is shown without a restart, and a broken one is not used`() async throws {
        try await Scene.with { scene in
            let (authority, other) = (scene.authority, scene.other)
            let new = try await other.issue("novo", for: "DNS:localhost")
            try await scene.serve(try await authority.issue("velho", for: "DNS:localhost")) { port in
                #expect(try await Self.get(port, believing: authority) == .ok)
                let expiry = scene.fixture.registry.exposition().split(separator: "\n")
                    .first { $0.hasPrefix("fluxo_tls_certificate_expiry_timestamp_seconds ") }
                    .flatMap { Double($0.split(separator: " ")[1]) }
                // The command of openssl names one day.
                #expect(abs(try #require(expiry) - Date.now.timeIntervalSince1970 - 86_400) < 600)
                try scene.use(new)
                #expect(await eventually { await Self.refusal { try await Self.get(port, believing: other) } == "answered 200 OK" })
                let refused = await Self.refusal { try await Self.get(port, believing: authority) }
                #expect(refused.contains("CERTIFICATE_VERIFY_FAILED"), "\(refused)")

                try "-----BEGIN CERTIFICATE-----\n".write(toFile: scene.files.certificate, atomically: true, encoding: .utf8)
                let lines = scene.fixture.lines
                #expect(await eventually { lines.withLockedValue { $0.contains { $0.contains("cannot be read again") } } })
                #expect(try await Self.get(port, believing: other) == .ok)
                // Another certificate's key: the pair is half renewed.
                try scene.use(.init(file: new.file, keyFile: try await authority.issue("x").keyFile))
                try await Task.sleep(for: .milliseconds(300))
                #expect(try await Self.get(port, believing: other) == .ok)
                let complaints = lines.withLockedValue { $0.filter { $0.contains("cannot be read again") }.count }
                #expect((1...4).contains(complaints), "each fault is logged once, not twenty times a second")
            }
        }
    }

    @Test func `a certificate that cannot be used stops the start with one line`() async throws {
        try await Scene.with { scene in
            func refusal() throws -> String {
                let error = #expect(throws: SettingsError.self) { try scene.certificate() }
                return try #require(error).description
            }
            var lines = [try refusal()]
            let good = try await scene.authority.issue("api")
            try scene.use(.init(file: good.file, keyFile: try await scene.authority.issue("outro").keyFile))
            lines.append(try refusal())
            try scene.use(.init(file: good.keyFile, keyFile: good.keyFile))
            lines.append(try refusal())
            try Data().write(to: URL(filePath: scene.files.certificate))
            lines.append(try refusal())
            for line in lines {
                #expect(line.hasPrefix("configuração: http.tls.certificado = \"\(scene.files.certificate)\" não é aceito"))
                #expect(!line.contains("\n"))
            }
            // Nothing besides: there is none from before that could stay.
            #expect(scene.fixture.lines.withLockedValue { $0.isEmpty })
            try scene.use(good)
            _ = try scene.certificate()
        }
    }
}
