import Contrato
import FluxoDeCaixa
import Testing

@Suite struct ConferenciaTests {
    private static func conferencia(_ minutos: Int) -> Conferencia {
        let first = Minuto(Instante(parsing: "2026-11-29T10:00:00Z")!)
        let itens = (0..<minutos).map { number in
            ContagemPorMinuto.Item(
                minuto: first.somando(Int64(number)),
                contagem: Contagem(quantidade: 2, creditos: Quantia(centavos: 300), debitos: Quantia(centavos: Int128(Int64.max) * 9)))
        }
        let periodo = first..<first.somando(1000)
        return Conferencia(passagem: .ronda, registrados: ContagemPorMinuto(periodo: periodo, itens: itens))
    }

    @Test(arguments: [0, 1, 2, Conferencia.minutosMax]) func `a count is read as it was written, and fits into a header`(minutos: Int) {
        let conferencia = Self.conferencia(minutos)
        let text = conferencia.encode()
        #expect(Conferencia.decode(text) == conferencia)
        #expect(text.utf8.count < 65_536)
    }

    @Test func `a count has this form`() {
        let form = #"{"passagem":"ronda","de":29932440,"ate":29933440,"minutos":[[29932440,2,300,83010348331692982263]]}"#
        #expect(Self.conferencia(1).encode() == form)
        #expect(Conferencia.decode(String(form.dropLast()) + #","novo":[true]}"#) == Self.conferencia(1))
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"passagem":"outra","de":1,"ate":2,"minutos":[]}"#, #"{"passagem":"nova","de":2,"ate":2,"minutos":[]}"#,
        #"{"passagem":"nova","de":-1,"ate":2,"minutos":[]}"#, #"{"passagem":"nova","de":1,"ate":9,"minutos":{}}"#,
        #"{"passagem":"nova","de":1,"ate":9,"minutos":[[9,1,1,1]]}"#, #"{"passagem":"nova","de":1,"ate":9,"minutos":[[0,1,1,1]]}"#,
        #"{"passagem":"nova","de":1,"ate":9,"minutos":[[3,1,1,1],[3,1,1,1]]}"#, #"{"passagem":"nova","de":1,"ate":9,"minutos":[[3,1,1]]}"#,
        #"{"passagem":"nova","de":1,"ate":9,"minutos":[[3,1.5,1,1]]}"#, #"{"passagem":"nova","de":1,"ate":9,"minutos":[[3,1,-1,1]]}"#,
        #"{"passagem":"nova","de":1,"ate":9,"minutos":[[3,99999999999999999999,1,1]]}"#,
        #"{"passagem":"nova","de":1,"ate":99999999999,"minutos":[]}"#,
    ])
    func `anything else is no count`(text: String) {
        #expect(Conferencia.decode(text) == nil)
    }
}
