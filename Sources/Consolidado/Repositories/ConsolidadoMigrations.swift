package import Postgres

/// The schema of the database `consolidado`.
package enum ConsolidadoMigrations {
    package static let migrations = PostgresMigrations([
        .init(version: 1, name: "saldos", sql: String(decoding: PackageResources.V1_saldos_sql, as: UTF8.self)),
        .init(version: 2, name: "indices_por_data", sql: String(decoding: PackageResources.V2_indices_por_data_sql, as: UTF8.self)),
        .init(version: 3, name: "atualizacoes", sql: String(decoding: PackageResources.V3_atualizacoes_sql, as: UTF8.self)),
        .init(
            version: 4, name: "conferencia", sql: String(decoding: PackageResources.V4_conferencia_sql, as: UTF8.self), compatibleSince: 3),
    ])
}
