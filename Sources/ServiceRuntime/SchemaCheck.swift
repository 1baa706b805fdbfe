package import Logging
package import Postgres

/// Checks the service's database for readiness, and migrates its schema.
package actor SchemaCheck {
    /// An answer is reused for this time, so that frequent readiness requests cause one query.
    private static let answerMaxAge: Duration = .seconds(1)

    private let migrations: PostgresMigrations
    private let client: PostgresClient
    private let also: (@Sendable () async throws(PostgresError) -> String?)?
    /// Whether no pooler replaces sessions; checked until it was seen once.
    private var hasOwnSessions = false
    private var last: (task: Task<String?, Never>, askedAt: ContinuousClock.Instant)?

    /// - Parameter also: checked once the schema is right: nil, or why the service cannot work, in Portuguese.
    package init(
        _ migrations: PostgresMigrations, _ client: PostgresClient, also: (@Sendable () async throws(PostgresError) -> String?)? = nil
    ) {
        self.migrations = migrations
        self.client = client
        self.also = also
    }

    /// For readiness: nil if the database answers with the schema of this program, or a compatible newer one, and the further check passes;
    /// else the reason.
    package func run() async -> String? {
        if let last, .now - last.askedAt < Self.answerMaxAge { return await last.task.value }
        // Unstructured: concurrent callers share it. The pool and the connection limit its time.
        let task = Task { await self.ask() }
        self.last = (task, .now)
        return await task.value
    }

    private func ask() async -> String? {
        do throws(PostgresError) {
            if !self.hasOwnSessions { self.hasOwnSessions = try await self.client.hasOwnSessions() }
            guard self.hasOwnSessions else { return "o pooler não mantém a sessão; ele tem de usar pool_mode = session" }
            let expected = self.migrations.latestVersion
            switch try await self.migrations.status(of: self.client) {
            case .current, .compatible: return try await self.also?()
            case .older(0): return "o esquema não existe; rode o comando migrate"
            case .older(let version): return "o esquema está na versão \(version) e este programa usa a \(expected); rode o comando migrate"
            case .newer(let version): return "o esquema está na versão \(version), mais nova que a \(expected) deste programa"
            case .different(let version): return "a versão \(version) do esquema não é a deste programa"
            }
        } catch {
            return error.motivo
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

extension PostgresError {
    /// Why the database cannot be used, for readiness.
    var motivo: String {
        if self.isReadOnlyServer { return "só aceita leituras" }
        if self.isRefusal, let state = self.sqlState { return "recusa o que o serviço faz (SQLSTATE \(state))" }
        return "não responde (\(self.code))"
    }
}
