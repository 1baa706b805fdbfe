import FluxoDeCaixa
import SeededRandom
import Testing

@Suite struct DiaTests {
    @Test(arguments: [
        ("2000-01-01", 0), ("1999-12-31", -1), ("2000-02-29", 59), ("2000-03-01", 60), ("1970-01-01", -10957), ("2024-02-29", 8825),
        ("0001-01-01", -730_119), ("9999-12-31", 2_921_939), ("1900-03-01", -36465),
    ])
    func `days are counted as PostgreSQL counts them`(texto: String, dias: Int32) throws {
        let dia = try #require(Dia(parsing: texto))
        #expect(dia.diasDesde2000 == dias)
        #expect(dia.description == texto)
        #expect(Dia(diasDesde2000: dias) == dia)
    }

    @Test(arguments: [
        "", "2026", "2026-1-01", "2026-01-1", "2026-13-01", "2026-00-10", "2026-01-00", "2026-01-32", "2026-02-29", "1900-02-29",
        "2100-02-29",
        "2026-04-31", "0000-01-01", "10000-01-01", "2026/01/01", "20260101", "2026-01-01T00:00:00Z", " 2026-01-01", "2026-01-01 ",
        "+026-01-01",
        "-001-01-01", "２０２６-01-01", "2026-01-0a", "2026-01-01\u{0}", "2026-01-0\u{301}", "2026–01–01", "٢٠٢٦-٠١-٠١", "01-01-2026",
    ])
    func `what is no day is refused`(texto: String) {
        #expect(Dia(parsing: texto) == nil)
        #expect(Dia(parsing: Array(texto.utf8)) == nil)
    }

    @Test func `days are bounded by the years 1 and 9999`() {
        #expect(Dia(diasDesde2000: Dia.primeiro.diasDesde2000 - 1) == nil)
        #expect(Dia(diasDesde2000: Dia.ultimo.diasDesde2000 + 1) == nil)
        #expect(Dia(diasDesde2000: .min) == nil)
        #expect(Dia(diasDesde2000: .max) == nil)
        #expect(Dia.primeiro.description == "0001-01-01")
        #expect(Dia.ultimo.description == "9999-12-31")
        #expect(Dia.ultimo.somando(dias: 1) == nil)
        #expect(Dia.primeiro.somando(dias: -1) == nil)
        #expect(Dia.primeiro.somando(dias: .min) == nil)
        #expect(Dia.ultimo.somando(dias: .max) == nil)
        #expect(Dia.primeiro.somando(dias: 3_652_058) == .ultimo)
        #expect(Dia.ultimo.diasDesde(.primeiro) == 3_652_058)
    }

    /// Counts months from year 1 by their lengths, and single days around leap years and at both ends.
    @Test func `every day agrees with counting through the calendar`() throws {
        var contados = Dia.primeiro.diasDesde2000
        var divergencias: [String] = []
        for ano in 1...9999 {
            let diaADia =
                ano <= 4 || (1896...1904).contains(ano) || (1999...2033).contains(ano) || (2099...2101).contains(ano) || ano >= 9997
            let bissexto = ano.isMultiple(of: 400) || (ano.isMultiple(of: 4) && !ano.isMultiple(of: 100))
            for (indice, comum) in [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].enumerated() {
                let comprimento = indice == 1 && bissexto ? 29 : comum
                for dia in diaADia ? Array(1...comprimento) : [1, comprimento] {
                    let esperado = contados + Int32(dia - 1)
                    let lido = Dia(ano: ano, mes: indice + 1, dia: dia)
                    let partes = Dia(diasDesde2000: esperado)?.partes
                    if lido?.diasDesde2000 != esperado || partes.map({ $0 == (ano, indice + 1, dia) }) != true {
                        divergencias.append("\(ano)-\(indice + 1)-\(dia)")
                    }
                }
                if Dia(ano: ano, mes: indice + 1, dia: comprimento + 1) != nil {
                    divergencias.append("\(ano)-\(indice + 1)-\(comprimento + 1)")
                }
                contados += Int32(comprimento)
            }
        }
        #expect(divergencias.isEmpty, "\(divergencias.prefix(5))")
        #expect(contados == Dia.ultimo.diasDesde2000 + 1)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `a day is written as it is read`(semente: UInt64) throws {
        var aleatorio = SeededGenerator(seed: semente)
        for _ in 0..<3000 {
            let dias = Int32.random(in: Dia.primeiro.diasDesde2000...Dia.ultimo.diasDesde2000, using: &aleatorio)
            let dia = try #require(Dia(diasDesde2000: dias))
            #expect(Dia(parsing: dia.description) == dia)
            #expect(dia.primeiroDoMes.partes.dia == 1)
            #expect(dia.primeiroDoMes.somando(dias: dia.partes.dia - 1) == dia)
        }
    }

    @Test(arguments: [
        ("2024-02-29", 10, "2014-02-28"), ("2024-02-29", 4, "2020-02-29"), ("2026-11-24", 10, "2016-11-24"),
        ("2000-03-31", 0, "2000-03-31"),
        ("2023-02-28", -1, "2024-02-28"), ("0011-05-01", 10, "0001-05-01"),
    ])
    func `a day steps back whole years`(dia: String, anos: Int, esperado: String) throws {
        #expect(try #require(Dia(parsing: dia)).anosAntes(anos)?.description == esperado)
    }

    @Test func `no day steps back before the year 1`() throws {
        #expect(try #require(Dia(parsing: "0010-01-01")).anosAntes(10) == nil)
        #expect(Dia.ultimo.anosAntes(-1) == nil)
        #expect(Dia.ultimo.anosAntes(.min) == nil)
        #expect(Dia.primeiro.anosAntes(.max) == nil)
    }
}
