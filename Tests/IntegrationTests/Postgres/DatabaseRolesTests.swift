import Consolidado
import Foundation
import Postgres
import TestSupport
import Testing

/// `config/postgres/direitos.sql`, the rights that every environment gives.
@Suite(.enabled(if: TestServers.postgresURL != nil, "needs the server that deploy/local/test starts"), .timeLimit(.minutes(2)))
struct DatabaseRolesTests {
    private static func configuration(_ url: String, role: String? = nil) throws -> PostgresConfiguration {
        guard let role else { return try PostgresConfiguration.patient(url) }
        var address = try #require(URLComponents(string: url))
        address.user = role
        address.password = "teste"
        return try PostgresConfiguration.patient(try #require(address.string))
    }

    /// A session as superuser (nil) or as a role.
    private static func with<Value>(
        _ url: String, role: String? = nil, _ body: (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        let connection = try await PostgresConnection.connect(self.configuration(url, role: role))
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Runs the closure with a database of the form that was usual before there were these roles, the service its owner, and the roles' names.
    private static func withOldDatabase(_ body: (String, _ service: String) async throws -> Void) async throws {
        var roles: [String] = []
        let outcome: Result<Void, any Error>
        do {
            try await TestServers.withDatabase { url in
                let service = try #require(URL(string: url)).lastPathComponent
                roles = [service, "\(service)_migrador", "\(service)_leitura"]
                try await self.with(url) { superuser in
                    for role in roles { try await superuser.runScript("create role \(role) login password 'teste'") }
                    try await superuser.runScript("alter database \(service) owner to \(service)")
                }
                try await self.with(url, role: service) { try await $0.runScript("create table antiga (id integer)") }
                try await body(url, service)
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        let drops = roles.map { "drop role if exists \($0)" }.joined(separator: "; ")
        try await TestServers.administer(try #require(TestServers.postgresURL), drops)
        try outcome.get()
    }

    private static func refused(_ connection: PostgresConnection, _ sql: String, state: String = "42501") async {
        let error = await #expect(throws: PostgresError.self, "\(sql)") { try await connection.runScript(sql) }
        #expect(error?.sqlState == state, "\(sql)")
    }

    @Test func `a service owns nothing, its migrator everything, and the reader only reads`() async throws {
        let rights = try Clone.text("config/postgres/direitos.sql")
        try await Self.withOldDatabase { url, service in
            for _ in 1...2 { try await TestServers.administer(url, rights) }
            let migrations = ConsolidadoMigrations.migrations
            let applied = try await migrations.apply(to: Self.configuration(url, role: "\(service)_migrador"))
            #expect(applied == migrations.migrations.count)
            try await Self.with(url) { superuser in
                let owners = try await superuser.query("select distinct tableowner::text from pg_tables where schemaname = 'public'")
                #expect(try owners.map { try $0.decode(0, as: String.self) } == ["\(service)_migrador"])
            }
            try await Self.with(url, role: service) { connection in
                for table in ["antiga", "contas", "atualizacoes", "schema_migrations"] {
                    try await connection.runScript("select * from \(table); delete from \(table) where false")
                }
                try await connection.runScript("insert into contas values ('loja', 1, 1, '2026-01-01', '2026-01-01', 1)")
                try await connection.runScript("update contas set versao = 2")
                for sql in ["create table nova (id integer)", "drop table antiga", "truncate contas", "create schema novo"] {
                    await Self.refused(connection, sql)
                }
            }
            try await Self.with(url, role: "\(service)_leitura") { connection in
                let rows = try await connection.query("select versao from contas")
                #expect(rows.count == 1)
                // The refusal ends the connection: after a failover it would lead to a standby.
                await Self.refused(connection, "update contas set versao = 3", state: "25006")
            }
            try await Self.with(url, role: "\(service)_leitura") { connection in
                // What its own session can change is no right.
                try await connection.runScript("set default_transaction_read_only = off")
                for sql in ["update contas set versao = 3", "insert into antiga values (1)", "create table nova (id integer)"] {
                    await Self.refused(connection, sql)
                }
            }
        }
    }
}
