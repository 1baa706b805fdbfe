package import Postgres

/// The schema of the database `lancamentos`.
package enum LancamentosMigrations {
    package static let migrations = PostgresMigrations([
        .init(version: 1, name: "lancamentos_e_outbox", sql: String(decoding: PackageResources.V1_lancamentos_e_outbox_sql, as: UTF8.self)),
        .init(version: 2, name: "indices_da_lista", sql: String(decoding: PackageResources.V2_indices_da_lista_sql, as: UTF8.self)),
        .init(
            version: 3, name: "conferencia", sql: String(decoding: PackageResources.V3_conferencia_sql, as: UTF8.self), compatibleSince: 2),
    ])
}
