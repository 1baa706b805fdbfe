package import Logging
package import Postgres

/// What a service's program expects of its database's schema.
package enum SchemaCheck {
    /// For the readiness: nil if the database answers and its schema is this program's, else why not.
    package static func run(_ migrations: PostgresMigrations, _ client: PostgresClient) async -> String? {
        do throws(PostgresError) {
            let expected = migrations.latestVersion
            switch try await migrations.status(of: client) {
            case .current: return nil
            case .older(0): return "o esquema não existe; rode o comando migrate"
            case .older(let version): return "o esquema está na versão \(version) e este programa usa a \(expected); rode o comando migrate"
            case .newer(let version): return "o esquema está na versão \(version), mais nova que a \(expected) deste programa"
            case .different(let version): return "a versão \(version) do esquema não é a deste programa"
            }
        } catch {
            return "não responde (\(error.code))"
        }
    }

    /// The command `migrate`.
    /// - Throws: `PostgresError`.
    package static func migrate(
        _ migrations: PostgresMigrations,
        _ configuration: MigrateConfiguration,
        service: ServiceName,
        logger: Logger
    ) async throws(PostgresError) {
        let database = try PostgresConfiguration(
            url: configuration.banco.url.revealed, applicationName: "\(service.rawValue) migrate"
        )
        let applied = try await migrations.apply(to: database) { migration in
            logger.notice("applying migration", metadata: ["version": "\(migration.version)", "name": "\(migration.name)"])
        }
        logger.notice("schema up to date", metadata: ["version": "\(migrations.latestVersion)", "applied": "\(applied)"])
    }
}
