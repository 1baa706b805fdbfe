import Contrato
import Testing

@testable import Limites

@Suite struct PeakMeasuresTests {
    private static func json(insert: Double?) -> String {
        var writer = JSONWriter()
        PeakMeasures(bare: .init(writeP99Ms: 2.15, readP99Ms: 1.5, processors: 0.21), insertP99Ms: insert).write(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func `the members are those that carga reads, in thousandths`() {
        let expected =
            #"{"nu_escrita_p99_us":2150,"nu_leitura_p99_us":1500,"nu_processador_milesimos":210,"#
            + #""insercao_p99_us":3000}"#
        #expect(Self.json(insert: 3) == expected)
    }

    @Test func `an insert rate that the database did not keep up with is left out`() {
        #expect(!Self.json(insert: nil).contains("insercao"))
    }
}
