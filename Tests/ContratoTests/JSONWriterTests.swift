import Contrato
import Testing

@Suite struct JSONWriterTests {
    private func texto(_ escrever: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter(reservedBytes: 0)
        escrever(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func `commas separate names and values`() {
        let escrito = texto { writer in
            writer.object { writer in
                writer.member("a", "x")
                writer.member("b", ifPresent: nil)
                writer.member("c", Int64.min)
                writer.name("d")
                writer.array { writer in
                    writer.null()
                    writer.bool(true)
                    writer.array { _ in }
                    writer.object { _ in }
                    writer.integer(Int128.max)
                }
                writer.name("e")
                writer.object { $0.member("f", ifPresent: "") }
                writer.name("g")
                writer.bool(false)
            }
        }
        let lista = "[null,true,[],{},170141183460469231731687303715884105727]"
        #expect(escrito == #"{"a":"x","c":-9223372036854775808,"d":\#(lista),"e":{"f":""},"g":false}"#)
    }

    @Test(arguments: [
        ("", ""), ("\"", #"\""#), ("\\", #"\\"#), ("/", "/"), ("\u{8}\t\n\u{C}\r", #"\b\t\n\f\r"#),
        ("\u{0}\u{B}\u{F}\u{10}\u{1F}", #"\u0000\u000b\u000f\u0010\u001f"#),
        ("\u{7F}é\u{2028}😀", "\u{7F}é\u{2028}😀"), ("a\"b\"", #"a\"b\""#), ("e\u{301}", "e\u{301}"),
    ])
    func `only required characters are escaped`(original: String, escrito: String) {
        #expect(texto { $0.string(original) }.utf8.elementsEqual("\"\(escrito)\"".utf8))
        #expect(texto { writer in writer.object { $0.member(original, 1) } }.utf8.elementsEqual("{\"\(escrito)\":1}".utf8))
    }
}
