/// Which way the cash moved.
package enum Tipo: String, Hashable, Sendable, CaseIterable {
    /// Cash came in.
    case credito
    /// Cash went out.
    case debito

    /// What an estorno of an entry of this kind has.
    package var oposto: Tipo {
        switch self {
        case .credito: .debito
        case .debito: .credito
        }
    }
}
