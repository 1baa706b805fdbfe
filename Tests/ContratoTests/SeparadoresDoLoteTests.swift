import SeededRandom
import Testing

@testable import Contrato

@Suite struct SeparadoresDoLoteTests {
    // MARK: Linhas

    private func linhas(_ texto: String) -> [PedacoDoLote] {
        var separador = SeparadorDeLinhas()
        return separador.receber(Array(texto.utf8)) + separador.terminar()
    }

    private func lancamento(_ texto: String) -> PedacoDoLote { .lancamento(Array(texto.utf8)) }

    @Test func umaLinhaUmLancamento() {
        #expect(linhas("{}\n[1]\r\n\"a\"") == [lancamento("{}"), lancamento("[1]\r"), lancamento("\"a\"")])
        #expect(linhas("\n \t\r\n\n{}\n\n  ") == [lancamento("{}")])
        #expect(linhas("") == [])
    }

    @Test func linhaGrandeDemaisEUmPedacoESeuFimEJogadoFora() {
        let limite = String(repeating: "x", count: PedacoDoLote.tamanhoMaximoEmBytes)
        #expect(linhas("\(limite)\na") == [lancamento(limite), lancamento("a")])
        #expect(linhas("\(limite)y\na\n\(limite)\(limite)") == [.grandeDemais, lancamento("a"), .grandeDemais])
        // An endless line of blanks is still a blank line.
        #expect(linhas(String(repeating: " ", count: 200_000) + "\na") == [lancamento("a")])
    }

    // MARK: Lista

    private func lista(_ bytes: [UInt8], cortes: [Int] = []) -> (pedacos: [PedacoDoLote], falha: JSONError?) {
        var separador = SeparadorDeLista()
        var pedacos: [PedacoDoLote] = []
        var inicio = 0
        for corte in cortes + [bytes.count] {
            let (novos, falha) = separador.receber(Array(bytes[inicio..<corte]))
            pedacos += novos
            if let falha { return (pedacos, falha) }
            inicio = corte
        }
        return (pedacos, separador.terminar())
    }

    private func lista(_ texto: String) -> (pedacos: [PedacoDoLote], falha: JSONError?) { lista(Array(texto.utf8)) }

    @Test(arguments: ["[]", " [ ] ", "\n[\t]\r\n"])
    func listaVaziaNaoTemPedacos(texto: String) {
        let (pedacos, falha) = lista(texto)
        #expect(pedacos.isEmpty)
        #expect(falha == nil)
    }

    @Test func elementosDeTodosOsTipos() {
        let (pedacos, falha) = lista(#" [ {"a":"]},\"","b":[{}]} ,1.5,"x,]\\", null,[[]] , true] "#)
        #expect(falha == nil)
        #expect(
            pedacos == [
                lancamento(#"{"a":"]},\"","b":[{}]}"#), lancamento("1.5"), lancamento(#""x,]\\""#), lancamento("null"), lancamento("[[]]"),
                lancamento("true"),
            ])
    }

    @Test(arguments: [
        ("", 0, JSONError.Motivo.vazio), ("  ", 0, .vazio), ("{}", 0, .caractereInesperado), ("x", 0, .caractereInesperado),
        ("\u{FEFF}[]", 0, .caractereInesperado), ("[", 0, .fimInesperado), ("[{}", 1, .fimInesperado), ("[{}{}]", 1, .caractereInesperado),
        ("[,]", 0, .caractereInesperado), ("[{},]", 1, .caractereInesperado), ("[{},,{}]", 1, .caractereInesperado),
        ("[{}}", 1, .caractereInesperado), ("[{}]]", 1, .caractereInesperado), ("[{}] x", 1, .caractereInesperado),
        ("[{},{\"a\":1", 1, .fimInesperado), ("[{},\"a", 1, .fimInesperado), ("[1", 0, .fimInesperado), ("[:1]", 0, .caractereInesperado),
    ])
    func oQueNaoEListaTerminaOndeErra(texto: String, antes: Int, motivo: JSONError.Motivo) {
        let (pedacos, falha) = lista(texto)
        #expect(pedacos.count == antes)
        #expect(falha?.motivo == motivo)
    }

    @Test func elementoGrandeDemaisNaoFereOsVizinhos() {
        let grande = "{\"a\":\"\(String(repeating: "]", count: 70_000))\"}"
        let (pedacos, falha) = lista("[1,\(grande),2]")
        #expect(falha == nil)
        #expect(pedacos == [lancamento("1"), .grandeDemais, lancamento("2")])
    }

    @Test func qualquerListaDaSeusElementosComoQuerQueChegue() throws {
        var json = JSONAleatorio(semente: 11)
        var aleatorio = SeededGenerator(seed: 12)
        for _ in 0..<2000 {
            let valores = (0..<Int.random(in: 0...6, using: &aleatorio)).map { _ in json.valor(profundidade: 12) }
            var writer = JSONWriter()
            writer.value(.array(valores))
            let bytes = writer.bytes
            let cortes = (0..<Int.random(in: 0...5, using: &aleatorio)).map { _ in Int.random(in: 0...bytes.count, using: &aleatorio) }
            let (pedacos, falha) = lista(bytes, cortes: cortes.sorted())
            #expect(falha == nil)
            let lidos = try pedacos.map { pedaco in
                guard case .lancamento(let bytes) = pedaco else { return JSONValue.null }
                return try JSONReader.read(bytes)
            }
            #expect(lidos == valores)
        }
    }

    /// Whatever comes, where it is cut changes nothing, and an array that JSON accepts is taken apart without a fault.
    @Test func osCortesNaoMudamNadaNemDoQueNaoPresta() {
        var json = JSONAleatorio(semente: 21)
        var aleatorio = SeededGenerator(seed: 22)
        for _ in 0..<5000 {
            var writer = JSONWriter()
            writer.value(.array((0..<3).map { _ in json.valor(profundidade: 13) }))
            let bytes = json.estragado(writer.bytes)
            let inteira = lista(bytes)
            let cortes = (0..<4).map { _ in Int.random(in: 0...bytes.count, using: &aleatorio) }.sorted()
            let cortada = lista(bytes, cortes: cortes)
            #expect(cortada.pedacos == inteira.pedacos)
            #expect(cortada.falha == inteira.falha)
            if (try? JSONReader.read(bytes)) != nil, bytes.first == UInt8(ascii: "[") { #expect(inteira.falha == nil) }
        }
    }
}
