/// The days that an entry sent today may have: at most 10 years back, and not after tomorrow, since a forecast is not an entry.
package struct JanelaDeDatas: Hashable, Sendable {
    /// Whole years before today, that day included.
    package static let anosParaTras = 10

    /// The earliest day accepted.
    package let primeira: Dia
    /// The latest day accepted: tomorrow.
    package let ultima: Dia

    /// `hoje` is today in the business time zone.
    package init(hoje: Dia) {
        primeira = hoje.anosAntes(JanelaDeDatas.anosParaTras) ?? .primeiro
        ultima = hoje.somando(dias: 1) ?? .ultimo
    }

    /// Whether an entry may have this day.
    package func aceita(_ dia: Dia) -> Bool {
        dia >= primeira && dia <= ultima
    }
}

extension JanelaDeDatas: CustomStringConvertible {
    /// For messages to users: `de 2016-11-24 a 2026-11-25`.
    package var description: String {
        "de \(primeira) a \(ultima)"
    }
}
