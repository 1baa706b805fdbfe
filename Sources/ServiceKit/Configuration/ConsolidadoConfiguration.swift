/// What only the consolidation service asks.
package struct ConsolidadoConfiguration: Sendable, Equatable {
    /// Messages applied by one statement.
    package var loteMax = 500
    /// Longest wait of an incomplete batch for company, in milliseconds.
    package var loteEsperaMs = 10
    /// Messages delivered and not yet acknowledged.
    package var prefetch = 1000
    /// The only AMQP user whose events are believed; nil: whoever may publish them.
    package var usuarioDosEventos: String?
    /// Longest wait of a read for the entries in `apos`, in milliseconds.
    package var aposEsperaMaxMs = 30_000

    package init() {}

    init(_ values: ConfigurationValues) throws(ConfigurationError) {
        self.loteMax = try values.integer("consolidado.lote_max")
        self.loteEsperaMs = try values.integer("consolidado.lote_espera_ms")
        self.prefetch = try values.integer("consolidado.prefetch")
        self.usuarioDosEventos = values.text("consolidado.usuario_dos_eventos")
        self.aposEsperaMaxMs = try values.integer("consolidado.apos_espera_max_ms")
        // With less, the next batch cannot fill while this one is being applied.
        guard self.prefetch >= 2 * self.loteMax else {
            throw .invalid(
                values.key("consolidado.prefetch"), value: String(self.prefetch), from: "consolidado.prefetch",
                accepted: "pelo menos o dobro de consolidado.lote_max (\(self.loteMax))"
            )
        }
    }
}
