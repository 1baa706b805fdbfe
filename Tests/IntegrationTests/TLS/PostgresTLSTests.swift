import Fixtures
import Foundation
import HostNames
import Postgres
import TestSupport
import Testing

/// `sslmode=verify-full` against a PostgreSQL of its own, whose certificates come from an authority of its own.
@Suite(.enabled(if: TestServers.servidores != nil && TestServers.folder != nil), .timeLimit(.minutes(3)))
struct PostgresTLSTests {
    @Test func `verify-full believes a database by its certificate alone, and refuses with one line`() async throws {
        let folder = "\(try #require(TestServers.folder))/\(TestServers.uniqueName())"
        let authority = try await TestAuthority(in: folder)
        try await PrivateServers.with([.postgres]) { servers in
            let server = TLSDatabase(url: try servers.url(.postgres))
            let verified = "sslmode=verify-full&sslrootcert=\(authority.file)"
            func check(_ configuration: PostgresConfiguration, _ text: String) async throws {
                let error = await #expect(throws: PostgresError.self) { try await PostgresConnection.connect(configuration) }
                #expect(error?.code == .connectFailed)
                #expect(error?.detail.contains(text) == true, "\(String(describing: error?.detail))")
                #expect(error?.detail.contains("\n") == false)
                let password = try #require(server.url.split(separator: ":").dropFirst(2).first?.split(separator: "@").first)
                #expect(error?.detail.contains(password) == false)
            }
            try await check(try server.configuration(verified), "server does not support SSL, but SSL was required")

            try await server.use(try await authority.issue("banco", for: "DNS:localhost", "IP:127.0.0.1"))
            #expect(await eventually { (try? await server.connects(server.configuration(verified))) == true })
            let other = try await TestAuthority(in: folder + "_outra")
            try await check(
                try server.configuration("sslmode=verify-full&sslrootcert=\(other.file)"), "SSL error: certificate verify failed")
            try await check(
                try server.configuration("sslmode=verify-full&sslrootcert=\(other.file)x"), "root certificate file")

            try await server.use(try await authority.issue("alheio", for: "DNS:banco.example"))
            // The reload is under way; who does not look at the host's name gets in with either.
            let wrongHost = "does not match host name \"localhost\""
            #expect(await eventually { await server.refusal(try? server.configuration(verified))?.contains(wrongHost) == true })
            try await check(try server.configuration(verified), wrongHost)
            #expect(try await server.connects(try server.configuration("sslmode=verify-ca&sslrootcert=\(authority.file)")))

            // The address is found by this process, the certificate is checked against the name.
            var named = try server.configuration(host: "banco.example", verified)
            named.resolver = HostResolver(lookup: FakeNames(["banco.example": ["127.0.0.1"]]))
            #expect(try await server.connects(named))

            try await server.use(try await authority.issue("vencido", for: "DNS:localhost", valid: .expired))
            #expect(
                await eventually {
                    await server.refusal(try? server.configuration(verified))?.contains("certificate verify failed") == true
                })
            try await check(try server.configuration(verified), "certificate verify failed")
        }
    }
}
