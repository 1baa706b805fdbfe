/// What an entry is, besides its amount. Only `transferencia` shows in a balance, as part of its totals.
package enum Natureza: String, Hashable, Sendable, CaseIterable {
    /// The business itself: the default.
    case operacional
    /// Cash moved between accounts of one's own.
    case transferencia
    /// The opening balance of an account that existed before.
    case implantacao
    /// A correction of the balance.
    case ajuste
}
