import Documents
package import ServiceRuntime
package import Settings

package struct LancamentosSettings: Sendable {
    package let common: ServiceSettings
    /// Whether an entry without an idempotency key is refused.
    package let isChaveRequired: Bool
    /// Entries waiting to be written; beyond it the answer is 503.
    package let writeQueueEntriesMax: Int
    /// Entries written by one statement.
    package let writeBatchEntriesMax: Int
    /// Connections for reads, in addition to those of the pool that writes.
    package let readConnections: Int
    /// Extracts written at the same time; beyond it the answer is 503.
    package let extractsMax: Int
    /// Lotes received or answered at the same time; beyond it the answer is 503.
    package let lotesMax: Int
    package let loteBodyMaxBytes: Int
    /// Messages published and not yet confirmed.
    package let relayWindowMessagesMax: Int
    /// Entries in memory that wait for the relay; the sweeper finds the others in the database.
    package let relayRingEntriesMax: Int

    private static let ownKeys = [
        SettingKey("lancamentos.exigir_chave", .boolean, default: "false"),
        SettingKey("lancamentos.escrita.fila_max", .integer(1...1_000_000), unit: "lançamentos", default: "4096"),
        SettingKey("lancamentos.escrita.lote_max", .integer(1...4096), unit: "lançamentos", default: "256"),
        SettingKey("lancamentos.leitura.conexoes", .integer(1...64), unit: "conexões", default: "4"),
        SettingKey("lancamentos.extrato.simultaneos_max", .integer(1...64), unit: "extratos", default: "4"),
        SettingKey("lancamentos.lote.simultaneos_max", .integer(1...64), unit: "lotes", default: "4"),
        SettingKey("lancamentos.lote.corpo_max_bytes", .integer(1024...1_073_741_824), unit: "bytes", default: "16777216"),
        SettingKey("lancamentos.relay.janela_max", .integer(1...65_535), unit: "mensagens", default: "1000"),
        SettingKey("lancamentos.relay.memoria_max", .integer(1...1_000_000), unit: "lançamentos", default: "10000"),
    ]

    /// Every key of the service. The keys of consolidado are known from its published file, so that one environment can serve both.
    package static func catalog() throws(SettingsError) -> SettingsCatalog {
        let name = LancamentosApp.name
        return try SettingsCatalog(
            service: name, keys: ServiceSettings.keys(of: name, defaultPort: 8080) + self.ownKeys,
            otherFile: Documents.settingsConsolidado)
    }

    package init(_ values: SettingValues) throws(SettingsError) {
        self.common = try ServiceSettings(values)
        self.isChaveRequired = try values.boolean("lancamentos.exigir_chave")
        self.writeQueueEntriesMax = try values.integer("lancamentos.escrita.fila_max")
        self.writeBatchEntriesMax = try values.integer("lancamentos.escrita.lote_max")
        self.readConnections = try values.integer("lancamentos.leitura.conexoes")
        self.extractsMax = try values.integer("lancamentos.extrato.simultaneos_max")
        self.lotesMax = try values.integer("lancamentos.lote.simultaneos_max")
        self.loteBodyMaxBytes = try values.integer("lancamentos.lote.corpo_max_bytes")
        self.relayWindowMessagesMax = try values.integer("lancamentos.relay.janela_max")
        self.relayRingEntriesMax = try values.integer("lancamentos.relay.memoria_max")
    }
}
