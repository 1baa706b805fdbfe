/// Days from one to another, both included.
package struct Periodo: Hashable, Sendable {
    /// The first day.
    package let de: Dia
    /// The last day.
    package let ate: Dia

    /// `nil` if `ate` is before `de`.
    package init?(de: Dia, ate: Dia) {
        guard de <= ate else { return nil }
        self.de = de
        self.ate = ate
    }

    /// At least 1.
    package var quantidadeDeDias: Int { ate.diasDesde(de) + 1 }

    /// Every day, in order.
    package var dias: some Sequence<Dia> {
        (de.diasDesde2000...ate.diasDesde2000).lazy.compactMap { Dia(diasDesde2000: $0) }
    }
}
