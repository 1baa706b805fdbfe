/// An instant in UTC with a resolution of one millisecond, 0001-01-01T00:00:00.000Z…9999-12-31T23:59:59.999Z.
package struct Instante: Hashable, Comparable, Sendable {
    /// The earliest instant with a text.
    package static let primeiro = Instante(milissegundos: .min)
    /// The latest instant with a text.
    package static let ultimo = Instante(milissegundos: .max)

    private static let limites: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999
    private static let milissegundosPorDia: Int64 = 86_400_000
    private static let milissegundosAte2000: Int64 = 946_684_800_000
    private static let diasAte2000 = 10_957

    /// Since 1970-01-01T00:00:00Z, leap seconds not counted (Unix time).
    package let milissegundos: Int64

    /// Since 1970-01-01T00:00:00Z. Values outside the years 1…9999 are clamped, so that every instant has a text.
    package init(milissegundos: Int64) {
        self.milissegundos = min(max(milissegundos, Instante.limites.lowerBound), Instante.limites.upperBound)
    }

    /// From PostgreSQL's `timestamptz`: microseconds since 2000-01-01T00:00:00Z, rounded down to the millisecond.
    package init(microsecondsSince2000: Int64) {
        let resto = microsecondsSince2000 % 1000
        let milissegundos = microsecondsSince2000 / 1000 - (resto < 0 ? 1 : 0)
        self.init(milissegundos: milissegundos + Instante.milissegundosAte2000)
    }

    /// As PostgreSQL's `timestamptz`: microseconds since 2000-01-01T00:00:00Z.
    package var microsecondsSince2000: Int64 {
        (self.milissegundos - Instante.milissegundosAte2000) * 1000
    }

    package static func < (lhs: Instante, rhs: Instante) -> Bool {
        lhs.milissegundos < rhs.milissegundos
    }
}

extension Instante {
    /// Reads RFC 3339 (`2026-11-24T07:01:32.123Z`, `2026-11-24T04:01:32-03:00`). Fractions of 1–9 digits are truncated to milliseconds.
    /// `nil` for anything else, for the leap second `:60`, and for instants outside the years 1…9999.
    package init?(parsing texto: String) {
        let bytes = Array(texto.utf8.prefix(36))
        guard bytes.count >= 20, bytes.count <= 35, let dia = Dia(parsing: bytes[0..<10]),
            bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t"), bytes[13] == UInt8(ascii: ":"),
            bytes[16] == UInt8(ascii: ":"),
            let hora = Instante.doisDigitos(bytes, em: 11, ate: 23), let minuto = Instante.doisDigitos(bytes, em: 14, ate: 59),
            let segundo = Instante.doisDigitos(bytes, em: 17, ate: 59)
        else { return nil }

        var posicao = 19
        var fracao: Int64 = 0
        if bytes[posicao] == UInt8(ascii: ".") {
            posicao += 1
            var peso: Int64 = 100
            let inicio = posicao
            while posicao < bytes.count, let digito = Instante.digito(bytes[posicao]) {
                fracao += digito * peso
                peso /= 10
                posicao += 1
            }
            guard (1...9).contains(posicao - inicio) else { return nil }
        }
        guard let minutosDeLeste = Instante.deslocamento(bytes[posicao...]) else { return nil }

        let dias = Int64(dia.diasDesde2000) + Int64(Instante.diasAte2000)
        let minutos = hora * 60 + minuto - minutosDeLeste
        let milissegundos = dias * Instante.milissegundosPorDia + (minutos * 60 + segundo) * 1000 + fracao
        guard Instante.limites.contains(milissegundos) else { return nil }
        self.init(milissegundos: milissegundos)
    }

    /// Minutes east of UTC from `Z` or `±hh:mm`.
    private static func deslocamento(_ bytes: ArraySlice<UInt8>) -> Int64? {
        if bytes.elementsEqual("Z".utf8) || bytes.elementsEqual("z".utf8) { return 0 }
        let zona = Array(bytes)
        guard zona.count == 6, zona[3] == UInt8(ascii: ":"), let horas = self.doisDigitos(zona, em: 1, ate: 23),
            let minutos = self.doisDigitos(zona, em: 4, ate: 59)
        else { return nil }
        switch zona[0] {
        case UInt8(ascii: "+"): return horas * 60 + minutos
        case UInt8(ascii: "-"): return -(horas * 60 + minutos)
        default: return nil
        }
    }

    private static func doisDigitos(_ bytes: [UInt8], em posicao: Int, ate maximo: Int64) -> Int64? {
        guard let dezena = self.digito(bytes[posicao]), let unidade = self.digito(bytes[posicao + 1]) else { return nil }
        return dezena * 10 + unidade <= maximo ? dezena * 10 + unidade : nil
    }

    private static func digito(_ byte: UInt8) -> Int64? {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int64(byte - UInt8(ascii: "0")) : nil
    }
}

extension Instante: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds: `2026-11-24T07:01:32.123Z`.
    package var description: String {
        String(unsafeUninitializedCapacity: 24) { destino in
            let resto = self.milissegundos % Instante.milissegundosPorDia
            let doDia = Int(resto < 0 ? resto + Instante.milissegundosPorDia : resto)
            let dias = Int((self.milissegundos - Int64(doDia)) / Instante.milissegundosPorDia)
            var writer = DigitWriter(destino)
            writer.date(GregorianCalendar.partes(diasDesde2000: dias - Instante.diasAte2000))
            writer.literal("T")
            writer.number(doDia / 3_600_000, digits: 2)
            writer.literal(":")
            writer.number(doDia / 60_000 % 60, digits: 2)
            writer.literal(":")
            writer.number(doDia / 1000 % 60, digits: 2)
            writer.literal(".")
            writer.number(doDia % 1000, digits: 3)
            writer.literal("Z")
            return writer.written
        }
    }
}
