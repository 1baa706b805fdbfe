package import Postgres

/// The schema of the database `consolidado`.
package enum ConsolidadoMigrations {
    package static let migrations = PostgresMigrations([
        .init(version: 1, name: "saldos", sql: String(decoding: PackageResources.V1_saldos_sql, as: UTF8.self))
    ])
}
