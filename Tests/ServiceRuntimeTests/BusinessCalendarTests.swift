import FluxoDeCaixa
import Foundation
import Testing

@testable import ServiceRuntime

@Suite struct BusinessCalendarTests {
    @Test(arguments: [
        ("2026-11-24T02:59:59.999Z", "America/Sao_Paulo", "2026-11-23"),
        ("2026-11-24T03:00:00.000Z", "America/Sao_Paulo", "2026-11-24"),
        // Summer time, which Brazil had until 2019: midnight was two hours behind UTC.
        ("2018-12-25T01:59:59.999Z", "America/Sao_Paulo", "2018-12-24"),
        ("2018-12-25T02:00:00.000Z", "America/Sao_Paulo", "2018-12-25"),
        ("2026-11-24T09:59:59.999Z", "Pacific/Kiritimati", "2026-11-24"),
        ("2026-11-24T10:00:00.000Z", "Pacific/Kiritimati", "2026-11-25"),
        ("1969-12-31T23:59:59.999Z", "UTC", "1969-12-31"),
        ("1970-01-01T00:00:00.000Z", "UTC", "1970-01-01"),
        ("1999-12-31T23:59:59.999Z", "UTC", "1999-12-31"),
        ("0001-01-01T00:00:00.000Z", "UTC", "0001-01-01"),
    ])
    func dayInZone(instant: String, zone: String, day: String) throws {
        let calendar = BusinessCalendar(fuso: try #require(TimeZone(identifier: zone)))
        let instante = try #require(Instante(parsing: instant))
        #expect(calendar.hoje(agora: instante) == Dia(parsing: day))
        #expect(calendar.dia(de: instante).description == day)
    }

    @Test func endsOfTimeStayInside() throws {
        let east = BusinessCalendar(fuso: try #require(TimeZone(secondsFromGMT: 14 * 3600)))
        let west = BusinessCalendar(fuso: try #require(TimeZone(secondsFromGMT: -12 * 3600)))
        #expect(east.hoje(agora: .ultimo) == .ultimo)
        #expect(west.hoje(agora: .primeiro) == .primeiro)
    }
}
