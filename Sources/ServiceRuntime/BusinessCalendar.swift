package import FluxoDeCaixa
package import Foundation
package import Settings

/// The calendar of the business: days in the configured time zone.
package struct BusinessCalendar: Sendable {
    package let fuso: TimeZone

    package init(fuso: TimeZone) {
        self.fuso = fuso
    }

    package init(_ values: SettingValues) throws(SettingsError) {
        let name = try values.required("fuso")
        guard let zone = TimeZone(identifier: name) else { throw .invalid(values.key("fuso"), value: name, from: "fuso") }
        self.init(fuso: zone)
    }

    /// The day of `instante`, within the years 0001–9999.
    package func dia(de instante: Instante) -> Dia {
        let milliseconds = instante.milissegundos
        let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
        // An `Instante` is within the years 1…9999, so this cannot overflow; the time zone may still move it beyond them.
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

/// The wall clock. Only the wiring reads it: all other code receives the time.
package enum SystemClock {
    /// Now, in whole milliseconds since 1970 UTC.
    package static func agora() -> Instante {
        // Seconds of this century have 31 bits: a Double represents them to a fraction of a microsecond.
        Instante(milissegundos: Int64(Date().timeIntervalSince1970 * 1000))
    }
}
