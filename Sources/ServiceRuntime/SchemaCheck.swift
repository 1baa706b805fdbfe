package import Logging
package import Postgres

/// Checks and migrates the schema of the service's database.
package actor SchemaCheck {
    /// An answer is reused for this time, so that frequent readiness requests cause one query.
    private static let answerMaxAge: Duration = .seconds(1)

    private let migrations: PostgresMigrations
    private let client: PostgresClient
    private var last: (task: Task<String?, Never>, askedAt: ContinuousClock.Instant)?

    package init(_ migrations: PostgresMigrations, _ client: PostgresClient) {
        self.migrations = migrations
        self.client = client
    }

    /// For readiness: nil if the database answers with the schema of this program, or a compatible newer one; else the reason.
    package func run() async -> String? {
        if let last, .now - last.askedAt < Self.answerMaxAge { return await last.task.value }
        let (migrations, client) = (self.migrations, self.client)
        // Unstructured: concurrent callers share it. The pool and the connection limit its time.
        let task = Task { await Self.ask(migrations, client) }
        self.last = (task, .now)
        return await task.value
    }

    private static func ask(_ migrations: PostgresMigrations, _ client: PostgresClient) async -> String? {
        do throws(PostgresError) {
            let expected = migrations.latestVersion
            switch try await migrations.status(of: client) {
            case .current, .compatible: return nil
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
    /// - Throws: `PostgresError`; ``SettingsError`` for a malformed address.
    package static func migrate(
        _ migrations: PostgresMigrations,
        _ settings: DatabaseSettings,
        logger: Logger
    ) async throws {
        let database = try PostgresConfiguration(settings)
        let applied = try await migrations.apply(to: database) { migration in
            logger.notice("applying migration", metadata: ["version": "\(migration.version)", "name": "\(migration.name)"])
        }
        logger.notice("schema up to date", metadata: ["version": "\(migrations.latestVersion)", "applied": "\(applied)"])
    }
}
