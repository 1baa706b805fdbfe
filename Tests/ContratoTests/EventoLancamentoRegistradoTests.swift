import Contrato
import FluxoDeCaixa
import Testing

@Suite struct EventoLancamentoRegistradoTests {
    private let urlPublica = "https://caixa.example"

    private func decode(_ texto: String, messageID: String? = Exemplo.id) -> Result<LancamentoAplicavel, MessageRefusal> {
        EventoLancamentoRegistrado.decode(body: Array(texto.utf8), messageID: messageID)
    }

    private func evento(_ lancamento: Lancamento) -> String {
        String(decoding: EventoLancamentoRegistrado.encode(lancamento, urlPublica: urlPublica), as: UTF8.self)
    }

    private func motivo(_ resultado: Result<LancamentoAplicavel, MessageRefusal>) -> Motivo? {
        if case .failure(let recusa) = resultado { recusa.motivo } else { nil }
    }

    @Test func `the event is a CloudEvent in structured JSON`() throws {
        var lancamento = try Exemplo.completo()
        let registrado = lancamento
        lancamento.estornadoPor = nil
        let dados = String(decoding: LancamentoJSON.encode(lancamento), as: UTF8.self)
        let esperado = """
            {"specversion":"1.0","id":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","source":"/fluxo-caixa/lancamentos",\
            "type":"br.fluxocaixa.lancamento.registrado.v1","subject":"loja42.caixa","time":"2022-02-22T19:22:22.000Z",\
            "datacontenttype":"application/json","dataschema":"https://caixa.example/esquemas/lancamento-registrado-v1.json",\
            "data":\(dados)}
            """
        #expect(evento(registrado) == esperado)
        #expect(EventoLancamentoRegistrado.routingKey(registrado) == "lancamento.registrado.debito.loja42.caixa")
    }

    @Test func `an encoded event is decoded to the same entry`() throws {
        let completo = try Exemplo.completo()
        let lido = try decode(evento(completo)).get()
        #expect(
            lido
                == LancamentoAplicavel(
                    id: completo.id,
                    conta: completo.conta,
                    data: completo.data,
                    tipo: .debito,
                    natureza: "transferencia",
                    valor: completo.valor,
                    estornoDe: completo.estornoDe
                )
        )
        #expect(try decode(evento(Exemplo.minimo()), messageID: nil).get().estornoDe == nil)
        #expect(try decode(evento(completo), messageID: Exemplo.id.uppercased()).get().id == completo.id)
    }

    /// Additions must not stop an older consumer: unknown members and values, days outside any window.
    @Test(arguments: [
        (#""data":{"#, #""data":{"novo":{"x":[1]},"#), (#"{"specversion""#, #"{"traceparent":"x","specversion""#),
        ("\"operacional\"", "\"futura\""),
        ("\"2022-02-22\"", "\"0001-01-01\""), ("\"2022-02-22\"", "\"9999-12-31\""), ("\"150.70\"", "150.7"), ("\"operacional\"", "null"),
        ("\"150.70\"", "\"9999999999.99\""), ("\"/fluxo-caixa/lancamentos\"", "\"/outro\""),
    ])
    func `a changed event of valid form is accepted`(parte: String, por: String) throws {
        let mudado = try trocado(parte, por)
        #expect(throws: Never.self) { try decode(mudado).get() }
    }

    @Test func `an unknown natureza is kept`() throws {
        #expect(try decode(trocado("\"operacional\"", "\"futura\"")).get().natureza == "futura")
        #expect(try decode(trocado(#""natureza":"operacional","#, "")).get().natureza == "operacional")
    }

    @Test(arguments: [
        ("registrado.v1", "registrado.v2", Motivo.versaoDesconhecida), ("registrado.v1", "registrado.v10", .versaoDesconhecida),
        ("registrado.v1", "registrado.v0", .versaoDesconhecida), ("registrado.v1", "registrado.v", .invalido),
        ("registrado.v1", "registrado.vx", .invalido),
        ("registrado.v1", "registrado.v123456789", .invalido), ("lancamento.registrado.v1", "outro.v1", .invalido),
        ("registrado.v1", "registrado.v1x", .invalido),
        (#""specversion":"1.0","#, "", .invalido), (#""1.0""#, #""2.0""#, .invalido), (#""1.0""#, "1.0", .invalido),
        (#""moeda":"BRL""#, #""moeda":"USD""#, .invalido), (#""moeda":"BRL","#, "", .invalido), (#""credito""#, #""estorno""#, .invalido),
        (#""tipo":"credito","#, "", .invalido), (#""150.70""#, #""0.00""#, .invalido), (#""150.70""#, #""-1.00""#, .invalido),
        (#""150.70""#, "1e3", .invalido), (#""valor":"150.70","#, "", .invalido), (#""2022-02-22""#, #""2022-02-30""#, .invalido),
        (#""data":"2022-02-22","#, "", .invalido), (#""conta":"loja42.caixa""#, #""conta":"a..b""#, .invalido),
        (#""conta":"loja42.caixa","#, "", .invalido),
        (#""natureza":"operacional""#, #""natureza":1"#, .invalido), (#""natureza":"operacional""#, #""natureza":"\u0000""#, .invalido),
        (#""canal":"rest""#, #""canal":"rest","estorno_de":"x""#, .invalido),
        (#""canal":"rest""#, #""canal":"rest","estorno_de":1"#, .invalido),
        (#""data":{"#, #""data":[{"#, .ilegivel), ("}}", "}", .ilegivel), (#""canal""#, #""conta":"b","canal""#, .ilegivel),
    ])
    func `a broken event is refused with its motivo`(parte: String, por: String, motivo esperado: Motivo) throws {
        #expect(motivo(decode(try trocado(parte, por))) == esperado)
    }

    @Test func `an id that differs from the message or from its data is refused`() throws {
        let texto = try evento(Exemplo.minimo())
        #expect(motivo(decode(texto, messageID: Exemplo.outroID)) == .invalido)
        #expect(motivo(decode(texto, messageID: "x")) == .invalido)
        let versao4 = "919108f7-52d1-4320-9bac-f847db4148a8"
        #expect(motivo(decode(try trocado(Exemplo.id, versao4, todas: true), messageID: nil)) == .invalido)
        #expect(motivo(decode(try trocado(Exemplo.id, Exemplo.outroID), messageID: nil)) == .invalido)
        #expect(motivo(decode(try trocado(Exemplo.id, Exemplo.outroID, todas: true), messageID: nil)) == nil)
    }

    @Test(arguments: ["[]", "null", "{}", "1", #"{"data":null}"#, #"{"data":[]}"#, #"{"type":1,"id":[],"data":{"id":{},"conta":1}}"#])
    func `another document is refused`(texto: String) {
        #expect(motivo(decode(texto)) == .invalido)
    }

    @Test func `the reason repeats nothing of the event`() throws {
        guard case .failure(let recusa) = decode(try trocado("\"credito\"", "\"segredo\"")) else {
            Issue.record("accepted")
            return
        }
        #expect(recusa.erro == "`data.tipo` não é \"credito\" nem \"debito\".")
        guard case .failure(let ilegivel) = decode("{\"segredo\":segredo}") else {
            Issue.record("accepted")
            return
        }
        #expect(ilegivel.erro == "JSON ilegível no byte 11: caractere inesperado.")
    }

    /// The consolidation accepts every entry that the entry service can register.
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `the event of every random entry is accepted`(semente: UInt64) throws {
        var json = JSONAleatorio(semente: semente)
        var gerador = IDGenerator()
        for _ in 0..<100 {
            let agora = Instante(milissegundos: .random(in: 0...253_402_300_799_999, using: &json.aleatorio))
            var lancamento = try Exemplo.minimo()
            lancamento.id = gerador.next(now: agora, using: &json.aleatorio)
            lancamento.valor = try #require(Valor(centavos: .random(in: 1...Valor.maximoEmCentavos, using: &json.aleatorio)))
            lancamento.data = try #require(Dia(diasDesde2000: .random(in: -730_119...2_921_939, using: &json.aleatorio)))
            lancamento.natureza = Natureza.allCases.randomElement(using: &json.aleatorio) ?? .operacional
            lancamento.descricao = json.texto()
            lancamento.registradoPor = json.texto()
            let lido = try decode(evento(lancamento), messageID: lancamento.id.description).get()
            #expect(lido.id == lancamento.id)
            #expect(lido.valor == lancamento.valor)
            #expect(lido.data == lancamento.data)
            #expect(lido.natureza == lancamento.natureza.rawValue)
        }
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `a spoilt event is refused or keeps every limit`(semente: UInt64) throws {
        var json = JSONAleatorio(semente: semente)
        let bytes = EventoLancamentoRegistrado.encode(try Exemplo.completo(), urlPublica: urlPublica)
        for _ in 0..<300 {
            switch EventoLancamentoRegistrado.decode(body: json.estragado(bytes), messageID: nil) {
            case .success(let lido): #expect(lido.id.isVersion7)
            case .failure(let recusa): #expect(!recusa.erro.isEmpty && recusa.erro.utf8.count < 2000)
            }
        }
    }

    /// The smallest event with one part replaced; fails if the part is missing.
    private func trocado(_ parte: String, _ por: String, todas: Bool = false) throws -> String {
        let partes = try evento(Exemplo.minimo()).split(separator: parte, omittingEmptySubsequences: false).map(String.init)
        try #require(partes.count >= 2)
        return todas ? partes.joined(separator: por) : partes[0] + por + partes[1...].joined(separator: parte)
    }
}
