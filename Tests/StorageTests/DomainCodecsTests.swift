import FluxoDeCaixa
import Postgres
import Testing

@testable import Storage

@Suite struct DomainCodecsTests {
    /// What the server would send back for a value.
    private static func stored(_ value: some PostgresEncodable) -> ArraySlice<UInt8> {
        var bytes: [UInt8] = []
        #expect(value.encode(into: &bytes))
        return bytes[...]
    }

    private static func expectRoundTrip<Value: PostgresConvertible & Equatable, Stored: PostgresArrayElement>(
        _ value: Value, as stored: Stored, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(Value.postgresTypeOID == Stored.postgresTypeOID, sourceLocation: sourceLocation)
        #expect(self.stored(value) == self.stored(stored), sourceLocation: sourceLocation)
        #expect(try Value(postgresBytes: self.stored(value)) == value, sourceLocation: sourceLocation)
    }

    @Test func `every type of the domain is stored as the column's type and read back`() throws {
        try Self.expectRoundTrip(LancamentoID(bits: 7), as: PostgresUUID(7))
        try Self.expectRoundTrip(Conta("loja42.pix")!, as: "loja42.pix")
        try Self.expectRoundTrip(Chave(literal: "pedido-1")!, as: "pedido-1")
        try Self.expectRoundTrip(Valor(centavos: 12_345)!, as: Int64(12_345))
        try Self.expectRoundTrip(Quantia(centavos: -12_345), as: Int128(-12_345))
        for dia in [Dia.primeiro, Dia(parsing: "1999-12-31")!, .ultimo] {
            try Self.expectRoundTrip(dia, as: PostgresDate(daysSince2000: dia.diasDesde2000))
        }
        try Self.expectRoundTrip(Instante(parsing: "2000-01-01T00:00:00.001Z")!, as: PostgresTimestamp(microsecondsSince2000: 1000))
        for tipo in Tipo.allCases { try Self.expectRoundTrip(tipo, as: tipo.rawValue) }
        for natureza in Natureza.allCases { try Self.expectRoundTrip(natureza, as: natureza.rawValue) }
        for canal in Canal.allCases { try Self.expectRoundTrip(canal, as: canal.rawValue) }
    }

    @Test func `a stored value that breaks the rules of its type is refused`() {
        func refused<Value: PostgresDecodable>(_ stored: some PostgresEncodable, as type: Value.Type) {
            let error = #expect(throws: PostgresError.self, "\(type)") { try Value(postgresBytes: Self.stored(stored)) }
            #expect(error?.code == .decoding)
        }
        refused("loja..pix", as: Conta.self)
        refused("com espaço", as: Chave.self)
        refused(Int64(0), as: Valor.self)
        refused(PostgresDate(daysSince2000: .max), as: Dia.self)
        refused("estorno", as: Tipo.self)
        refused("doacao", as: Natureza.self)
        refused("futuro", as: Canal.self)
    }
}
