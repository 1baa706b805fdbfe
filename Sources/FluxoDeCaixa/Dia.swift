/// A day of the proleptic Gregorian calendar, 0001-01-01…9999-12-31, without time or time zone.
package struct Dia: Hashable, Comparable, Sendable {
    /// 0001-01-01.
    package static let primeiro = Dia(semConferir: -730_119)
    /// 9999-12-31.
    package static let ultimo = Dia(semConferir: 2_921_939)

    /// Days since 2000-01-01, which is how PostgreSQL counts a `date`.
    package let diasDesde2000: Int32

    private init(semConferir diasDesde2000: Int32) {
        self.diasDesde2000 = diasDesde2000
    }

    /// `nil` outside 0001-01-01…9999-12-31.
    package init?(diasDesde2000: Int32) {
        guard diasDesde2000 >= Dia.primeiro.diasDesde2000, diasDesde2000 <= Dia.ultimo.diasDesde2000 else { return nil }
        self.init(semConferir: diasDesde2000)
    }

    /// `nil` if the calendar has no such day, or its year is outside 1…9999.
    package init?(ano: Int, mes: Int, dia: Int) {
        guard (1...9999).contains(ano), (1...12).contains(mes), (1...Dia.diasDoMes(mes, ano: ano)).contains(dia) else { return nil }
        self.init(semConferir: Int32(GregorianCalendar.diasDesde2000(ano: ano, mes: mes, dia: dia)))
    }

    /// Reads `YYYY-MM-DD`, exactly ten ASCII characters; `nil` for anything else and for days that do not exist.
    package init?(parsing texto: some Sequence<UInt8>) {
        var numeros = (ano: 0, mes: 0, dia: 0)
        var posicao = 0
        for byte in texto {
            let digito = Int(byte) - Int(UInt8(ascii: "0"))
            switch posicao {
            case 4, 7:
                guard byte == UInt8(ascii: "-") else { return nil }
            case 0..<10:
                guard (0...9).contains(digito) else { return nil }
                if posicao < 4 {
                    numeros.ano = numeros.ano * 10 + digito
                } else if posicao < 7 {
                    numeros.mes = numeros.mes * 10 + digito
                } else {
                    numeros.dia = numeros.dia * 10 + digito
                }
            default:
                return nil
            }
            posicao += 1
        }
        guard posicao == 10 else { return nil }
        self.init(ano: numeros.ano, mes: numeros.mes, dia: numeros.dia)
    }

    /// The same for text.
    package init?(parsing texto: String) {
        self.init(parsing: texto.utf8)
    }

    /// Year (1…9999), month (1…12) and day of the month (1…31).
    package var partes: (ano: Int, mes: Int, dia: Int) {
        GregorianCalendar.partes(diasDesde2000: Int(self.diasDesde2000))
    }

    /// The 1st of the same month.
    package var primeiroDoMes: Dia {
        Dia(semConferir: self.diasDesde2000 - Int32(self.partes.dia - 1))
    }

    /// `nil` when the result is outside 0001-01-01…9999-12-31.
    package func somando(dias: Int) -> Dia? {
        let (soma, estourou) = Int(self.diasDesde2000).addingReportingOverflow(dias)
        guard !estourou, let dias = Int32(exactly: soma) else { return nil }
        return Dia(diasDesde2000: dias)
    }

    /// The same day `anos` years earlier, 28 February where 29 does not exist; `nil` before year 1 or after 9999.
    package func anosAntes(_ anos: Int) -> Dia? {
        let (ano, mes, dia) = self.partes
        let (destino, estourou) = ano.subtractingReportingOverflow(anos)
        guard !estourou, (1...9999).contains(destino) else { return nil }
        return Dia(ano: destino, mes: mes, dia: min(dia, Dia.diasDoMes(mes, ano: destino)))
    }

    /// Days from the other day to this one; negative if this one is earlier.
    package func diasDesde(_ outro: Dia) -> Int {
        Int(self.diasDesde2000) - Int(outro.diasDesde2000)
    }

    package static func < (lhs: Dia, rhs: Dia) -> Bool {
        lhs.diasDesde2000 < rhs.diasDesde2000
    }

    private static func diasDoMes(_ mes: Int, ano: Int) -> Int {
        switch mes {
        case 2: ano % 4 == 0 && (ano % 100 != 0 || ano % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

extension Dia: CustomStringConvertible {
    /// `YYYY-MM-DD`.
    package var description: String {
        String(unsafeUninitializedCapacity: 10) { destino in
            var writer = DigitWriter(destino)
            writer.date(self.partes)
            return writer.written
        }
    }
}

/// Arithmetic of the proleptic Gregorian calendar.
///
/// Years begin on 1 March, so that the leap day is the last of its year; 400 years always have 146,097 days.
enum GregorianCalendar {
    private static let diasDaEra = 146_097
    /// Days from 1 March of year 0 to 1 January 2000.
    private static let deMarcoDoAnoZeroA2000 = 730_425

    static func diasDesde2000(ano: Int, mes: Int, dia: Int) -> Int {
        let anoDeMarco = mes <= 2 ? ano - 1 : ano
        let era = (anoDeMarco >= 0 ? anoDeMarco : anoDeMarco - 399) / 400
        let anoDaEra = anoDeMarco - era * 400
        let mesDesdeMarco = mes > 2 ? mes - 3 : mes + 9
        let diaDoAno = (153 * mesDesdeMarco + 2) / 5 + dia - 1
        let diaDaEra = anoDaEra * 365 + anoDaEra / 4 - anoDaEra / 100 + diaDoAno
        return era * self.diasDaEra + diaDaEra - self.deMarcoDoAnoZeroA2000
    }

    static func partes(diasDesde2000: Int) -> (ano: Int, mes: Int, dia: Int) {
        let dias = diasDesde2000 + self.deMarcoDoAnoZeroA2000
        let era = (dias >= 0 ? dias : dias - (self.diasDaEra - 1)) / self.diasDaEra
        let diaDaEra = dias - era * self.diasDaEra
        let anoDaEra = (diaDaEra - diaDaEra / 1460 + diaDaEra / 36_524 - diaDaEra / 146_096) / 365
        let diaDoAno = diaDaEra - (365 * anoDaEra + anoDaEra / 4 - anoDaEra / 100)
        let mesDesdeMarco = (5 * diaDoAno + 2) / 153
        let dia = diaDoAno - (153 * mesDesdeMarco + 2) / 5 + 1
        let mes = mesDesdeMarco < 10 ? mesDesdeMarco + 3 : mesDesdeMarco - 9
        return (anoDaEra + era * 400 + (mes <= 2 ? 1 : 0), mes, dia)
    }
}
