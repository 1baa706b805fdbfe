/// What only the entry service asks.
package struct LancamentosConfiguration: Sendable, Equatable {
    /// Whether an entry without an idempotency key is refused.
    package var exigirChave = false
    /// Entries waiting to be written; beyond it the answer is 503.
    package var escritaFilaMax = 4096
    /// Entries written by one statement.
    package var escritaLoteMax = 256
    /// Connections for reads, beside those of the pool that writes.
    package var leituraConexoes = 4
    /// Extracts written at the same time; beyond it the answer is 503.
    package var extratoSimultaneosMax = 4
    /// Lotes received or answered at the same time; beyond it the answer is 503.
    package var loteSimultaneosMax = 4
    /// Largest body of a lote, in bytes.
    package var loteCorpoMaxBytes = 16_777_216
    /// Messages published and not yet confirmed.
    package var relayJanelaMax = 1000
    /// Entries that wait in memory for the relay; what does not fit is found in the database.
    package var relayMemoriaMax = 10_000

    package init() {}

    init(_ values: ConfigurationValues) throws(ConfigurationError) {
        self.exigirChave = try values.required("lancamentos.exigir_chave") == "true"
        self.escritaFilaMax = try values.integer("lancamentos.escrita.fila_max")
        self.escritaLoteMax = try values.integer("lancamentos.escrita.lote_max")
        self.leituraConexoes = try values.integer("lancamentos.leitura.conexoes")
        self.extratoSimultaneosMax = try values.integer("lancamentos.extrato.simultaneos_max")
        self.loteSimultaneosMax = try values.integer("lancamentos.lote.simultaneos_max")
        self.loteCorpoMaxBytes = try values.integer("lancamentos.lote.corpo_max_bytes")
        self.relayJanelaMax = try values.integer("lancamentos.relay.janela_max")
        self.relayMemoriaMax = try values.integer("lancamentos.relay.memoria_max")
    }
}
