package import FluxoDeCaixa

/// A minute of registration whose entries are not registered and applied alike.
package struct Diferenca: Sendable, Equatable {
    package let minuto: Minuto
    package let registrado: Contagem
    package let aplicado: Contagem
    /// The entries applied when the difference was first seen, and when that was.
    package let primeiros: Int64
    package let desde: Instante
    /// Whether no entry on its way explains it.
    package let isConfirmed: Bool

    package init(minuto: Minuto, registrado: Contagem, aplicado: Contagem, primeiros: Int64, desde: Instante, isConfirmed: Bool) {
        self.minuto = minuto
        self.registrado = registrado
        self.aplicado = aplicado
        self.primeiros = primeiros
        self.desde = desde
        self.isConfirmed = isConfirmed
    }

    /// Whether more entries are applied than registered.
    package var isSurplus: Bool { self.aplicado.quantidade > self.registrado.quantidade }

    /// When a difference counts as confirmed.
    package struct Limits: Sendable {
        /// Entries that are missing still are after this time. Their events were delivered before the count that they are missing from.
        package var missingFor: Duration = .seconds(60)
        /// A count that arrived so long after the surplus was first seen was made after it: all that was applied then was registered.
        package var countedAfter: Duration = .seconds(60)

        package init() {}
    }

    /// The difference after both sides of a minute were counted.
    ///
    /// Entries that are missing may be in the hands of an instance. Entries that are too many may have been committed by the entry service
    /// after its count: only a later count that still lacks them shows that they are not registered.
    /// - Parameters:
    ///   - receivedAt: when the count of the registered entries arrived; nil if it is the known one.
    ///   - known: the difference before.
    ///   - now: when the applied entries were counted, by the clock of `receivedAt`.
    /// - Returns: nil if both sides are alike.
    package static func of(
        _ minuto: Minuto, registrado: Contagem, receivedAt: Instante?, aplicado: Contagem, known: Diferenca?, now: Instante, limits: Limits
    ) -> Diferenca? {
        guard registrado != aplicado else { return nil }
        let isSurplus = aplicado.quantidade > registrado.quantidade
        // A count that has reached what was applied at first contains those entries: the surplus now was applied later.
        guard let known, known.isSurplus == isSurplus, !isSurplus || known.primeiros > registrado.quantidade else {
            return Diferenca(
                minuto: minuto, registrado: registrado, aplicado: aplicado, primeiros: aplicado.quantidade, desde: now, isConfirmed: false)
        }
        let isShown =
            if isSurplus {
                receivedAt.map { $0 >= known.desde + limits.countedAfter } ?? false
            } else {
                now >= known.desde + limits.missingFor
            }
        return Diferenca(
            minuto: minuto, registrado: registrado, aplicado: aplicado, primeiros: min(known.primeiros, aplicado.quantidade),
            desde: known.desde, isConfirmed: known.isConfirmed || isShown)
    }
}

extension Instante {
    fileprivate static func + (lhs: Instante, rhs: Duration) -> Instante {
        Instante(milissegundos: lhs.milissegundos + Int64(rhs / .milliseconds(1)))
    }
}
