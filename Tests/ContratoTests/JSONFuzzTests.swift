import Contrato
import SeededRandom
import Testing

@Suite struct JSONFuzzTests {
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `a written value is read back equal`(semente: UInt64) throws {
        var json = JSONAleatorio(semente: semente)
        for _ in 0..<100 {
            let valor = json.valor()
            var writer = JSONWriter()
            writer.value(valor)
            let lido = try JSONReader.read(writer.bytes)
            #expect(lido == valor)
            var outra = JSONWriter()
            outra.value(lido)
            #expect(outra.bytes == writer.bytes)
        }
    }

    /// An accepted text can be written and read back equal; a refused one has its fault inside the text.
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `a spoilt document is read or refused`(semente: UInt64) {
        var json = JSONAleatorio(semente: semente)
        var recusados = 0
        for _ in 0..<300 {
            var writer = JSONWriter()
            writer.value(json.valor())
            recusados += conferir(json.estragado(writer.bytes)) ? 0 : 1
        }
        #expect(recusados > 30)
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `random bytes are read or refused`(semente: UInt64) {
        var aleatorio = SeededGenerator(seed: semente)
        let sintaxe = Array("{}[]\",:\\u0123-+.eE truefalsn\n\"\"".utf8)
        for rodada in 0..<600 {
            let comprimento = Int.random(in: 0...60, using: &aleatorio)
            let bytes = (0..<comprimento).map { _ in
                rodada.isMultiple(of: 2)
                    ? UInt8.random(in: .min ... .max, using: &aleatorio) : (sintaxe.randomElement(using: &aleatorio) ?? 0)
            }
            conferir(bytes)
        }
    }

    /// Every prefix of a valid object ends too early.
    @Test func `every prefix of a document is refused`() throws {
        let inteiro = Array(#"{"a":[1.5e+10,-0,"é😀\u00e9\ud83d\ude00\n",true,false,null,{"b":{}}],"c":""}"#.utf8)
        _ = try JSONReader.read(inteiro)
        for comprimento in 0..<inteiro.count {
            let erro = #expect(throws: JSONError.self) { try JSONReader.read(inteiro[..<comprimento]) }
            #expect((erro?.position ?? .max) <= comprimento)
        }
    }

    @discardableResult
    private func conferir(_ bytes: [UInt8]) -> Bool {
        do throws(JSONError) {
            let lido = try JSONReader.read(bytes)
            var writer = JSONWriter()
            writer.value(lido)
            let denovo = try JSONReader.read(writer.bytes)
            #expect(denovo == lido, "\(bytes)")
            #expect(String(validating: bytes, as: UTF8.self) != nil, "\(bytes)")
            return true
        } catch {
            #expect((0...bytes.count).contains(error.position), "\(bytes)")
            return false
        }
    }
}
