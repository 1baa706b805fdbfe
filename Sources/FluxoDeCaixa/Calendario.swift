/// Arithmetic of the proleptic Gregorian calendar.
///
/// Years are counted from 1 March, so that the leap day is a year's last; 400 years always have 146,097 days.
enum Calendario {
    private static let diasDaEra = 146_097
    /// From 1 March of year 0 to 1 January 2000.
    private static let deMarcoDoAnoZeroA2000 = 730_425

    static func diasDesde2000(ano: Int, mes: Int, dia: Int) -> Int {
        let anoDeMarco = mes <= 2 ? ano - 1 : ano
        let era = (anoDeMarco >= 0 ? anoDeMarco : anoDeMarco - 399) / 400
        let anoDaEra = anoDeMarco - era * 400
        let mesDesdeMarco = mes > 2 ? mes - 3 : mes + 9
        let diaDoAno = (153 * mesDesdeMarco + 2) / 5 + dia - 1
        let diaDaEra = anoDaEra * 365 + anoDaEra / 4 - anoDaEra / 100 + diaDoAno
        return era * diasDaEra + diaDaEra - deMarcoDoAnoZeroA2000
    }

    static func partes(diasDesde2000: Int) -> (ano: Int, mes: Int, dia: Int) {
        let dias = diasDesde2000 + deMarcoDoAnoZeroA2000
        let era = (dias >= 0 ? dias : dias - (diasDaEra - 1)) / diasDaEra
        let diaDaEra = dias - era * diasDaEra
        let anoDaEra = (diaDaEra - diaDaEra / 1460 + diaDaEra / 36_524 - diaDaEra / 146_096) / 365
        let diaDoAno = diaDaEra - (365 * anoDaEra + anoDaEra / 4 - anoDaEra / 100)
        let mesDesdeMarco = (5 * diaDoAno + 2) / 153
        let dia = diaDoAno - (153 * mesDesdeMarco + 2) / 5 + 1
        let mes = mesDesdeMarco < 10 ? mesDesdeMarco + 3 : mesDesdeMarco - 9
        return (anoDaEra + era * 400 + (mes <= 2 ? 1 : 0), mes, dia)
    }
}
