import FluxoDeCaixa
import SeededRandom
import Testing

@Suite struct InstanteTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (1, "1970-01-01T00:00:00.001Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (946_684_800_000, "2000-01-01T00:00:00.000Z"), (1_795_503_692_123, "2026-11-24T07:01:32.123Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ])
    func `RFC 3339 in UTC is written and read`(milissegundos: Int64, texto: String) {
        #expect(Instante(milissegundos: milissegundos).description == texto)
        #expect(Instante(parsing: texto)?.milissegundos == milissegundos)
    }

    @Test(arguments: [
        ("2026-11-24T07:01:32Z", "2026-11-24T07:01:32.000Z"), ("2026-11-24t07:01:32z", "2026-11-24T07:01:32.000Z"),
        ("2026-11-24T04:01:32-03:00", "2026-11-24T07:01:32.000Z"), ("2026-11-24T07:01:32.1Z", "2026-11-24T07:01:32.100Z"),
        ("2026-11-24T07:01:32.123999999Z", "2026-11-24T07:01:32.123Z"), ("2026-11-24T23:30:00.5-01:00", "2026-11-25T00:30:00.500Z"),
        ("2026-01-01T00:00:00+05:30", "2025-12-31T18:30:00.000Z"),
    ])
    func `other forms of RFC 3339 are read`(texto: String, utc: String) throws {
        #expect(try #require(Instante(parsing: texto)).description == utc)
    }

    @Test(arguments: [
        "", "2026-11-24", "2026-11-24T07:01:32", "2026-11-24 07:01:32Z", "2026-11-24T24:00:00Z", "2026-11-24T07:60:00Z",
        "2026-11-24T07:01:60Z",
        "2026-11-24T07:01Z", "2026-11-24T07:01:32.Z", "2026-11-24T07:01:32.1234567890Z", "2026-11-24T07:01:32+3:00",
        "2026-11-24T07:01:32+24:00",
        "2026-11-24T07:01:32+0300", "2026-02-30T07:01:32Z", "2026-11-24T07:01:32ZZ", "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2026-11-24T07:01:32.123Z\u{0}", "2026-11-24T07:01:32\u{301}Z", "2026-11-24T07:01:3２Z",
        "2026-11-24T07:01:32.123456789+00:00:00:00:00:00",
    ])
    func `what is no instant is refused`(texto: String) {
        #expect(Instante(parsing: texto) == nil)
    }

    @Test func `instants are clamped to the years that have a text`() {
        #expect(Instante(milissegundos: .max).description == "9999-12-31T23:59:59.999Z")
        #expect(Instante(milissegundos: .min).description == "0001-01-01T00:00:00.000Z")
        #expect(Instante(microsecondsSince2000: .max) == .ultimo)
        #expect(Instante(microsecondsSince2000: .min) == .primeiro)
    }

    @Test func `instants convert to and from PostgreSQL's microseconds`() {
        #expect(Instante(milissegundos: 946_684_800_000).microsecondsSince2000 == 0)
        #expect(Instante(milissegundos: 946_684_799_999).microsecondsSince2000 == -1000)
        #expect(Instante(microsecondsSince2000: 1999).milissegundos == 946_684_800_001)
        #expect(Instante(microsecondsSince2000: -1).milissegundos == 946_684_799_999)
        #expect(Instante(microsecondsSince2000: -1000).milissegundos == 946_684_799_999)
        #expect(Instante(microsecondsSince2000: -1001).milissegundos == 946_684_799_998)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `a random instant is read as it is written`(semente: UInt64) {
        var aleatorio = SeededGenerator(seed: semente)
        for _ in 0..<2000 {
            let instante = Instante(milissegundos: .random(in: -62_135_596_800_000...253_402_300_799_999, using: &aleatorio))
            #expect(Instante(parsing: instante.description) == instante)
            #expect(Instante(microsecondsSince2000: instante.microsecondsSince2000) == instante)
        }
    }
}
