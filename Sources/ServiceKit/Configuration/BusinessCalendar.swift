package import FluxoDeCaixa
package import Foundation

/// Which day it is for the business: the calendar day in the configured time zone.
package struct BusinessCalendar: Sendable {
    package let fuso: TimeZone

    package init(fuso: TimeZone) {
        self.fuso = fuso
    }

    init(_ values: ConfigurationValues) throws(ConfigurationError) {
        let name = try values.required("fuso")
        guard let zone = TimeZone(identifier: name) else { throw .invalid(values.key("fuso"), value: name, from: "fuso") }
        self.init(fuso: zone)
    }

    /// The day that `instante` falls on, within the years 0001–9999.
    package func dia(de instante: Instante) -> Dia {
        let milliseconds = instante.milissegundos
        let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
        // An `Instante` lies within the years 1…9999, so this cannot overflow; a time zone can still push it over their ends.
        let local = milliseconds + Int64(self.fuso.secondsFromGMT(for: date)) * 1000
        let (quotient, remainder) = local.quotientAndRemainder(dividingBy: Self.dayMs)
        let daysSince1970 = remainder < 0 ? quotient - 1 : quotient
        let dia = Int32(exactly: daysSince1970 - Self.daysFrom1970To2000).flatMap(Dia.init(diasDesde2000:))
        return dia ?? (milliseconds < 0 ? .primeiro : .ultimo)
    }

    /// Today.
    package func hoje(agora: Instante) -> Dia {
        self.dia(de: agora)
    }

    private static let dayMs: Int64 = 86_400_000
    private static let daysFrom1970To2000: Int64 = 10_957
}
