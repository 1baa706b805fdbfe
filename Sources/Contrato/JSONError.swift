/// Why ``JSONReader`` refuses a text.
package struct JSONError: Error, Hashable, Sendable {
    package enum Reason: String, Sendable, CaseIterable {
        /// Only white space, or nothing.
        case empty
        case byteOrderMark
        /// Not UTF-8 (surrogates, overlong forms and values over U+10FFFF included).
        case invalidUTF8
        case unexpectedEnd
        /// A character that is not allowed at this position.
        case unexpectedCharacter
        case trailingBytes
        /// More than ``JSONReader/depthMax`` nested arrays and objects.
        case tooDeep
        /// A name that its object already has, compared by bytes.
        case repeatedName
        /// An escape `\uD800`…`\uDFFF` without its other half.
        case loneSurrogate
        /// U+0000…U+001F unescaped inside a string.
        case controlCharacter
        /// An escape sequence that RFC 8259, section 7, does not define.
        case invalidEscape
        /// Missing digits, or a leading zero.
        case invalidNumber

        /// Reports whether the text breaks the grammar of JSON, so that the end of the value is unknown. The others are rules of this system.
        package var breaksGrammar: Bool {
            switch self {
            case .tooDeep, .repeatedName, .loneSurrogate: false
            default: true
            }
        }
    }

    /// The number of bytes before the fault.
    package let position: Int
    package let reason: Reason

    package init(position: Int, reason: Reason) {
        self.position = position
        self.reason = reason
    }

    /// A message in Portuguese that repeats nothing of the text.
    package var mensagem: String {
        let cause =
            switch self.reason {
            case .empty: "não há nenhum valor"
            case .byteOrderMark: "o texto começa com uma marca de ordem de bytes (BOM)"
            case .invalidUTF8: "não é UTF-8 válido"
            case .unexpectedEnd: "o texto termina antes do fim do valor"
            case .unexpectedCharacter: "caractere inesperado"
            case .trailingBytes: "há algo depois do fim do valor"
            case .tooDeep: "mais de \(JSONReader.depthMax) níveis de objetos e listas"
            case .repeatedName: "nome repetido no mesmo objeto"
            case .loneSurrogate: "metade de um par substituto (surrogate) sem a outra"
            case .controlCharacter: "caractere de controle sem escape dentro de um texto"
            case .invalidEscape: "sequência de escape inválida"
            case .invalidNumber: "número malformado"
            }
        return "JSON ilegível no byte \(self.position): \(cause)."
    }
}

extension JSONError: CustomStringConvertible {
    package var description: String { self.mensagem }
}
