package import FluxoDeCaixa
package import Postgres

// How values of the domain are stored, in both databases.

extension LancamentoID: PostgresConvertible {
    package var postgresValue: PostgresUUID { PostgresUUID(self.bits) }
    package init(postgresValue: PostgresUUID) { self.init(bits: postgresValue.bits) }
}

extension Conta: PostgresConvertible {
    package var postgresValue: String { self.nome }
    package init?(postgresValue: String) { self.init(postgresValue) }
}

extension Chave: PostgresConvertible {
    package var postgresValue: String { self.texto }
    package init?(postgresValue: String) { self.init(literal: postgresValue) }
}

/// Centavos.
extension Valor: PostgresConvertible {
    package var postgresValue: Int64 { self.centavos }
    package init?(postgresValue: Int64) { self.init(centavos: postgresValue) }
}

/// Centavos.
extension Quantia: PostgresConvertible {
    package var postgresValue: Int128 { self.centavos }
    package init(postgresValue: Int128) { self.init(centavos: postgresValue) }
}

extension Dia: PostgresConvertible {
    package var postgresValue: PostgresDate { PostgresDate(daysSince2000: self.diasDesde2000) }
    package init?(postgresValue: PostgresDate) { self.init(diasDesde2000: postgresValue.daysSince2000) }
}

/// Read to the millisecond.
extension Instante: PostgresConvertible {
    package var postgresValue: PostgresTimestamp { PostgresTimestamp(microsecondsSince2000: self.microsecondsSince2000) }
    package init(postgresValue: PostgresTimestamp) { self.init(microsecondsSince2000: postgresValue.microsecondsSince2000) }
}

extension Tipo: PostgresConvertible {}

extension Natureza: PostgresConvertible {}

extension Canal: PostgresConvertible {}

/// Its first instant.
extension Minuto: PostgresConvertible {
    package var postgresValue: Instante { self.instante }
    package init(postgresValue: Instante) { self.init(postgresValue) }
}

extension Contagem {
    /// Reads three columns: the number, credits and debits.
    package init(_ columns: inout PostgresColumns) throws(PostgresError) {
        self.init(quantidade: try columns.next(), creditos: try columns.next(), debitos: try columns.next())
    }
}

extension ContagemPorMinuto.Item {
    /// Reads four columns: the minute as a number since 1970, and its count.
    package init(_ columns: inout PostgresColumns) throws(PostgresError) {
        let number: Int64 = try columns.next()
        guard let minuto = Minuto(desde1970: number) else { throw PostgresError(unreadable: "an id of no minute") }
        self.init(minuto: minuto, contagem: try Contagem(&columns))
    }
}
