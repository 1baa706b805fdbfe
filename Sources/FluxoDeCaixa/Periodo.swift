/// Days from one to another, both included.
package struct Periodo: Hashable, Sendable {
    package let de: Dia
    package let ate: Dia

    package init?(de: Dia, ate: Dia) {
        guard de <= ate else { return nil }
        self.de = de
        self.ate = ate
    }

    /// At least 1.
    package var quantidadeDeDias: Int { self.ate.diasDesde(self.de) + 1 }

    package var dias: some Sequence<Dia> {
        (self.de.diasDesde2000...self.ate.diasDesde2000).lazy.compactMap { Dia(diasDesde2000: $0) }
    }
}

/// The days that an entry sent today may have: at most 10 years back, and not after tomorrow because a forecast is not an entry.
package struct JanelaDeDatas: Hashable, Sendable {
    /// Whole years before today, that day included.
    package static let anosParaTras = 10

    /// The earliest day accepted.
    package let primeira: Dia
    /// The latest day accepted: tomorrow.
    package let ultima: Dia

    /// `hoje` is today in the business time zone.
    package init(hoje: Dia) {
        self.primeira = hoje.anosAntes(JanelaDeDatas.anosParaTras) ?? .primeiro
        self.ultima = hoje.somando(dias: 1) ?? .ultimo
    }

    package func aceita(_ dia: Dia) -> Bool {
        dia >= self.primeira && dia <= self.ultima
    }
}

extension JanelaDeDatas: CustomStringConvertible {
    /// For messages to users: `de 2016-11-24 a 2026-11-25`.
    package var description: String {
        "de \(self.primeira) a \(self.ultima)"
    }
}
