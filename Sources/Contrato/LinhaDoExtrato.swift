import FluxoDeCaixa

/// A line of the extract of registered entries (`application/x-ndjson`), which is an entry as the event's `data` has it.
package enum LinhaDoExtrato {
    /// Reads what the balance needs of an entry.
    /// - Returns: nil if the line is not such an entry.
    package static func read(_ line: [UInt8]) -> LancamentoAplicavel? {
        guard let data = try? JSONReader.read(line), let id = data["id"] else { return nil }
        var reader = EventReader(
            .object([
                .init(name: "specversion", value: .string("1.0")), .init(name: "type", value: .string(EventoLancamentoRegistrado.type)),
                .init(name: "id", value: id), .init(name: "data", value: data),
            ]))
        return reader.lancamento(messageID: nil)
    }
}
