/// A part of a lote's body: one entry as it came.
package enum PedacoDoLote: Hashable, Sendable {
    /// The bytes of one entry, at most ``tamanhoMaximoEmBytes``, not yet read.
    case lancamento([UInt8])
    /// An entry over the limit; its bytes were thrown away.
    case grandeDemais

    /// The longest entry, in bytes: as much as a body of one entry may have.
    package static let tamanhoMaximoEmBytes = 65_536

    /// Collects the bytes of one entry, and nothing beyond the limit.
    struct Coleta {
        private var bytes: [UInt8] = []
        private var passou = false

        mutating func append(_ novos: some Collection<UInt8>) {
            guard !passou else { return }
            guard bytes.count + novos.count <= tamanhoMaximoEmBytes else {
                passou = true
                bytes = []
                return
            }
            bytes.append(contentsOf: novos)
        }

        /// What was collected; the next entry begins.
        mutating func take() -> PedacoDoLote {
            defer { self = Coleta() }
            return passou ? .grandeDemais : .lancamento(bytes)
        }
    }
}
