/// An idempotency key: 1–128 characters, each 0x21–0x7E. It belongs to one account and is kept as long as the entry.
package struct Chave: Hashable, Sendable {
    package static let comprimentoMaximoEmCaracteres = 128

    /// ASCII without space and control characters.
    package let texto: String

    /// Takes the text literally, quotes included; `nil` if it is empty, too long or has other characters.
    package init?(literal texto: String) {
        let bytes = texto.utf8
        guard !bytes.isEmpty, bytes.count <= Chave.comprimentoMaximoEmCaracteres, bytes.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        self.texto = texto
    }

    /// Reads the value of an `Idempotency-Key` header field; `nil` if malformed.
    ///
    /// A value that begins with `"` is a string of RFC 9651 (section 3.3.3) without parameters, and equals the bare text inside. White space
    /// around the value is not part of it (RFC 9110, section 5.5).
    package init?(cabecalho valor: String) {
        let semBordas = Array(valor.utf8).trimmed
        guard semBordas.count <= Chave.comprimentoMaximoDoCabecalhoEmBytes else { return nil }
        guard semBordas.first == UInt8(ascii: "\"") else {
            self.init(literal: String(decoding: semBordas, as: UTF8.self))
            return
        }
        guard let conteudo = Chave.conteudoDaString(semBordas) else { return nil }
        self.init(literal: String(decoding: conteudo, as: UTF8.self))
    }

    /// Two quotes, and every character escaped.
    private static let comprimentoMaximoDoCabecalhoEmBytes = 2 + 2 * comprimentoMaximoEmCaracteres

    private static func conteudoDaString(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var conteudo: [UInt8] = []
        var restantes = bytes.dropFirst()
        while let byte = restantes.popFirst() {
            switch byte {
            case UInt8(ascii: "\""):
                return restantes.isEmpty ? conteudo : nil
            case UInt8(ascii: "\\"):
                guard let escapado = restantes.popFirst(), escapado == UInt8(ascii: "\"") || escapado == UInt8(ascii: "\\") else {
                    return nil
                }
                conteudo.append(escapado)
            default:
                conteudo.append(byte)
            }
        }
        return nil
    }
}

extension Chave: CustomStringConvertible {
    package var description: String { self.texto }
}
