import AsyncHTTPClient
import Fixtures
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import TestSupport
import Testing

/// The services themselves, with TLS to the broker, to the database and to their callers.
@Suite(.enabled(if: TestServers.hasEverything), .timeLimit(.minutes(4)))
struct ServicesTLSTests {
    /// The settings of both services, and the client of their callers.
    private struct Scene {
        let broker: TLSBroker
        let database: TLSDatabase
        let secret = UUID().uuidString
        let api: TestAuthority.Certificate

        func service(_ product: String, brokerAuthority: TestAuthority? = nil) throws -> ServiceProcess {
            let base = self.database.url.prefix { $0 != "?" }.split(separator: "/").dropLast().joined(separator: "/")
            let databaseURL = base.replacing("postgresql:/", with: "postgresql://").replacing("@127.0.0.1:", with: "@localhost:")
            return try ServiceProcess.make(
                product, databaseURL: "\(databaseURL)/\(product)?sslmode=verify-full&sslrootcert=\(self.broker.authority.file)",
                amqpURL: try self.broker.url(user: product),
                [
                    "FLUXO_AUTH_SEGREDO": self.secret, "FLUXO_AMQP_TLS_CA": (brokerAuthority ?? self.broker.authority).file,
                    "FLUXO_HTTP_TLS_CERTIFICADO": self.api.file, "FLUXO_HTTP_TLS_CHAVE": self.api.keyFile,
                ])
        }

        func ask(_ service: ServiceProcess, _ path: String, post body: String? = nil) async throws -> (HTTPResponseStatus, String) {
            var request = HTTPClientRequest(url: "https://localhost:\(service.port)\(path)")
            request.headers.add(name: "Authorization", value: "Bearer \(Token.make(secret: self.secret, contas: ["*"]))")
            if let body {
                request.method = .POST
                request.headers.add(name: "Content-Type", value: "application/json")
                request.body = .bytes(ByteBuffer(string: body))
            }
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(self.broker.authority.file)
            request.tlsConfiguration = tls
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
            return (response.status, String(buffer: try await response.body.collect(upTo: 65_536)))
        }

        /// Migrates and starts a service, and returns when it says that it is ready.
        func start(_ service: ServiceProcess) async throws {
            try await service.migrate()
            try service.launch()
            let isReady = await eventually { (try? await self.ask(service, "/readyz").0) == .ok }
            #expect(isReady, "\((try? service.readLog()) ?? "")")
        }
    }

    @Test func `an entry passes TLS on every side, and a refusal is one line`() async throws {
        try await TLSBroker.with([.postgres, .rabbitmq]) { broker in
            let database = TLSDatabase(url: try broker.servers.url(.postgres))
            try await database.use(try await broker.authority.issue("banco", for: "DNS:localhost"))
            for product in ["lancamentos", "consolidado"] { try await database.administer("create database \(product)") }
            let scene = Scene(broker: broker, database: database, api: try await broker.authority.issue("api", for: "DNS:localhost"))
            let (lancamentos, consolidado) = (try scene.service("lancamentos"), try scene.service("consolidado"))
            do {
                for service in [lancamentos, consolidado] { try await scene.start(service) }
                let (status, entry) = try await scene.ask(
                    lancamentos, "/v1/lancamentos", post: #"{"conta":"tls","tipo":"credito","valor":"10.00","data":"2026-01-05"}"#)
                #expect(status == .created, "\(entry)")
                let isApplied = await eventually {
                    let balance = try? await scene.ask(consolidado, "/v1/consolidados/2026-01-05?conta=tls")
                    return balance?.1.contains(#""saldo_final":"10.00""#) == true
                }
                #expect(isApplied, "\((try? lancamentos.readLog()) ?? "")\((try? consolidado.readLog()) ?? "")")
            } catch {
                for service in [lancamentos, consolidado] { await service.terminate() }
                throw error
            }
            #expect(await lancamentos.terminate() == 0)
            #expect(await consolidado.terminate() == 0)

            let mistaken = try scene.service("lancamentos", brokerAuthority: try await TestAuthority(in: TLSBroker.newFolder()))
            try await scene.start(mistaken)
            let refusal = "TLS: the broker's certificate is signed by an untrusted authority (CA)"
            let isSaid = await eventually { (try? mistaken.readLog())?.contains(refusal) == true }
            #expect(isSaid)
            await mistaken.terminate()
            let log = try mistaken.readLog()
            let password = try #require(try scene.broker.servers.brokerURL(of: "lancamentos").split(separator: ":").dropFirst(2).first)
            #expect(!log.contains(password.prefix { $0 != "@" }))
            let line = log.split(separator: "\n").first { $0.contains(refusal) }
            #expect(line?.contains("AMQP: tlsFailed") == true, "\(log)")
        }
    }
}
