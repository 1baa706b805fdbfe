import Foundation
import Postgres
import TestSupport
import Testing

/// A PostgreSQL that can be given certificates.
struct TLSDatabase {
    let url: String

    /// The superuser's URL with another host and these parameters.
    func configuration(host: String = "localhost", _ parameters: String) throws -> PostgresConfiguration {
        let changed = self.url.replacing("@127.0.0.1:", with: "@\(host):")
        return try .patient("\(changed)?\(parameters)")
    }

    /// Runs statements without TLS.
    func administer(_ statements: String...) async throws {
        let connection = try await PostgresConnection.connect(try self.configuration(host: "127.0.0.1", "sslmode=disable"))
        for sql in statements { try await connection.runScript(sql) }
        await connection.close()
    }

    /// Has the server use a certificate for connections from now on. The files are the server's own user's, so it writes them itself.
    func use(_ certificate: TestAuthority.Certificate) async throws {
        for (file, target) in [(certificate.file, "server.crt"), (certificate.keyFile, "server.key")] {
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try await self.administer(
                "copy (select unnest(string_to_array('\(text)', e'\\n'))) to program 'umask 077 && cat >\(target)'")
        }
        try await self.administer("alter system set ssl = on", "select pg_reload_conf()")
    }

    func connects(_ configuration: PostgresConfiguration) async throws -> Bool {
        let connection = try await PostgresConnection.connect(configuration)
        let rows = try await connection.query("select ssl from pg_stat_ssl where pid = pg_backend_pid()")
        await connection.close()
        return try #require(rows.first).decode(0)
    }

    /// Why a connection fails; nil if it is made.
    func refusal(_ configuration: PostgresConfiguration?) async -> String? {
        guard let configuration else { return nil }
        do throws(PostgresError) {
            try await PostgresConnection.connect(configuration).close()
            return nil
        } catch {
            return error.detail
        }
    }
}
