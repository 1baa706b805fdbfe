import SeededRandom
import Testing

@testable import Contrato

@Suite struct LoteSplittersTests {
    // MARK: Lines

    private func linhas(_ texto: String) -> [LotePiece] {
        var splitter = LineSplitter()
        return splitter.receive(Array(texto.utf8)).pieces + splitter.finish().pieces
    }

    private func lancamento(_ texto: String) -> LotePiece { LotePiece(.lancamento(Array(texto.utf8))) }
    private let grandeDemais = LotePiece(.tooLarge)

    @Test func `a line is an entry`() {
        #expect(linhas("{}\n[1]\r\n\"a\"") == [lancamento("{}"), lancamento("[1]"), lancamento("\"a\"")])
        #expect(linhas("\n \t\r\n\n{}\n\n  ") == [lancamento("{}")])
        #expect(linhas("") == [])
    }

    @Test func `a line over the limit is one piece and its rest is discarded`() {
        let limite = String(repeating: "x", count: LotePiece.bytesMax)
        #expect(linhas("\(limite)\na") == [lancamento(limite), lancamento("a")])
        #expect(linhas("\(limite)y\na\n\(limite)\(limite)") == [grandeDemais, lancamento("a"), grandeDemais])
        // The CR of a line break does not count, one inside the line does.
        #expect(linhas("\(limite)\r\n\(limite)\r") == [lancamento(limite), lancamento(limite)])
        #expect(linhas("\(limite)\r\r\na") == [grandeDemais, lancamento("a")])
        // A blank line over the limit is still a blank line.
        #expect(linhas(String(repeating: " ", count: 200_000) + "\na") == [lancamento("a")])
    }

    // MARK: Array

    private func lista(_ bytes: [UInt8], cortes: [Int] = []) -> (pieces: [LotePiece], failure: LoteFault?) {
        var splitter = ArraySplitter()
        var pieces: [LotePiece] = []
        var inicio = 0
        for corte in cortes + [bytes.count] {
            let (novos, failure) = splitter.receive(Array(bytes[inicio..<corte]))
            pieces += novos
            if let failure { return (pieces, failure) }
            inicio = corte
        }
        return (pieces, splitter.finish().failure)
    }

    private func lista(_ texto: String) -> (pieces: [LotePiece], failure: LoteFault?) { lista(Array(texto.utf8)) }

    @Test(arguments: ["[]", " [ ] ", "\n[\t]\r\n"])
    func `an empty array has no pieces`(texto: String) {
        let (pieces, failure) = lista(texto)
        #expect(pieces.isEmpty)
        #expect(failure == nil)
    }

    @Test func `elements of every type are found`() {
        let (pieces, failure) = lista(#" [ {"a":"]},\"","b":[{}]} ,1.5,"x,]\\", null,[[]] , true] "#)
        #expect(failure == nil)
        #expect(
            pieces == [
                lancamento(#"{"a":"]},\"","b":[{}]}"#), lancamento("1.5"), lancamento(#""x,]\\""#), lancamento("null"), lancamento("[[]]"),
                lancamento("true"),
            ])
    }

    @Test(arguments: [
        ("", 0, JSONError.Reason.empty), ("  ", 0, .empty), ("{}", 0, .unexpectedCharacter), ("x", 0, .unexpectedCharacter),
        ("\u{FEFF}[]", 0, .unexpectedCharacter), ("[", 0, .unexpectedEnd), ("[{}", 1, .unexpectedEnd), ("[{}{}]", 1, .unexpectedCharacter),
        ("[,]", 0, .unexpectedCharacter), ("[{},]", 1, .unexpectedCharacter), ("[{},,{}]", 1, .unexpectedCharacter),
        ("[{}}", 1, .unexpectedCharacter), ("[{}]]", 1, .unexpectedCharacter), ("[{}] x", 1, .unexpectedCharacter),
        ("[{},{\"a\":1", 1, .unexpectedEnd), ("[{},\"a", 1, .unexpectedEnd), ("[1", 0, .unexpectedEnd), ("[:1]", 0, .unexpectedCharacter),
    ])
    func `what is no array ends at its fault`(texto: String, antes: Int, motivo: JSONError.Reason) {
        let (pieces, failure) = lista(texto)
        #expect(pieces.count == antes)
        let json: JSONError? = if case .json(let error)? = failure { error } else { nil }
        #expect(json?.reason == motivo)
    }

    @Test func `an element over the limit does not affect its neighbours`() {
        let grande = "{\"a\":\"\(String(repeating: "]", count: 70_000))\"}"
        let (pieces, failure) = lista("[1,\(grande),2]")
        #expect(failure == nil)
        #expect(pieces == [lancamento("1"), grandeDemais, lancamento("2")])
    }

    @Test func `any array has the same elements wherever it is cut`() throws {
        var json = JSONAleatorio(semente: 11)
        var aleatorio = SeededGenerator(seed: 12)
        for _ in 0..<2000 {
            let valores = (0..<Int.random(in: 0...6, using: &aleatorio)).map { _ in json.valor(profundidade: 12) }
            var writer = JSONWriter()
            writer.value(.array(valores))
            let bytes = writer.bytes
            let cortes = (0..<Int.random(in: 0...5, using: &aleatorio)).map { _ in Int.random(in: 0...bytes.count, using: &aleatorio) }
            let (pieces, failure) = lista(bytes, cortes: cortes.sorted())
            #expect(failure == nil)
            let lidos = try pieces.map { piece in
                guard case .lancamento(let bytes) = piece.content else { return JSONValue.null }
                return try JSONReader.read(bytes)
            }
            #expect(lidos == valores)
        }
    }

    /// The cuts of a body never change its pieces, and an array that the JSON reader accepts is split without a fault.
    @Test func `cuts do not change the pieces of a broken body`() {
        var json = JSONAleatorio(semente: 21)
        var aleatorio = SeededGenerator(seed: 22)
        for _ in 0..<5000 {
            var writer = JSONWriter()
            writer.value(.array((0..<3).map { _ in json.valor(profundidade: 13) }))
            let bytes = json.estragado(writer.bytes)
            let inteira = lista(bytes)
            let cortes = (0..<4).map { _ in Int.random(in: 0...bytes.count, using: &aleatorio) }.sorted()
            let cortada = lista(bytes, cortes: cortes)
            #expect(cortada.pieces == inteira.pieces)
            #expect(cortada.failure == inteira.failure)
            if (try? JSONReader.read(bytes)) != nil, bytes.first == UInt8(ascii: "[") { #expect(inteira.failure == nil) }
        }
    }
}
