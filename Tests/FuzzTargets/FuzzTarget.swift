import FileImport

/// Readers of untrusted input, each as a function from bytes to a violation. A fuzzer searches for inputs on which one crashes or reports a
/// violation; the inputs worth keeping are in `Corpus/`, and a test runs them.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// The JSON reader.
    case json
    /// The entry reader and that of an estorno, on any JSON.
    case lancamento
    /// The separators of a lote, in pieces of any size.
    case lote
    /// The readers of files of banks and of people, in pieces of any size.
    case ofx
    case csv
    /// The reader of the event of a registered entry.
    case evento
    /// The C frame reader, in pieces of any size.
    case quadro
    /// Header tables as a broker passes them on.
    case tabela

    /// What is wrong with how these bytes were handled; nil: nothing.
    package func violation(_ input: [UInt8]) -> String? {
        switch self {
        case .json: Self.json(input)
        case .lancamento: Self.lancamento(input)
        case .lote: Self.lote(input)
        case .ofx: Self.file(input) { OFXSplitter(conta: $0) }
        case .csv: Self.file(input) { CSVSplitter(conta: $0) }
        case .evento: Self.evento(input)
        case .quadro: Self.quadro(input)
        case .tabela: Self.tabela(input)
        }
    }
}
