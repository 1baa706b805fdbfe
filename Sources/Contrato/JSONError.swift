/// Why a text is not JSON as this system accepts it.
package struct JSONError: Error, Hashable, Sendable {
    /// What is wrong.
    package enum Motivo: String, Sendable, CaseIterable {
        /// No byte but white space.
        case vazio
        /// It begins with a byte order mark.
        case marcaDeOrdem
        /// Not UTF-8 (surrogates, overlong forms and values over U+10FFFF included).
        case utf8Invalido
        /// The text ends inside the value.
        case fimInesperado
        /// A character that cannot stand at this place.
        case caractereInesperado
        /// Something follows the value.
        case sobra
        /// More than ``JSONReader/profundidadeMaxima`` arrays and objects inside each other.
        case profundidade
        /// A name that its object already has, by bytes.
        case nomeRepetido
        /// An escape `\uD800`…`\uDFFF` without its other half.
        case substitutoSolto
        /// U+0000…U+001F unescaped inside a string.
        case caractereDeControle
        /// A backslash followed by what RFC 8259, section 7, does not name.
        case escapeInvalido
        /// Digits are missing, or a zero stands in front of others.
        case numeroInvalido

        /// Whether the text breaks JSON's grammar, so that what follows cannot be told from it; the others are this system's own rules.
        package var quebraAGramatica: Bool {
            switch self {
            case .profundidade, .nomeRepetido, .substitutoSolto: false
            default: true
            }
        }
    }

    /// Bytes before the fault.
    package let posicao: Int
    /// What is wrong there.
    package let motivo: Motivo

    /// A fault at this byte.
    package init(posicao: Int, motivo: Motivo) {
        self.posicao = posicao
        self.motivo = motivo
    }

    /// For people, in Portuguese, without any of what was sent.
    package var mensagem: String {
        let causa =
            switch motivo {
            case .vazio: "não há nenhum valor"
            case .marcaDeOrdem: "o texto começa com uma marca de ordem de bytes (BOM)"
            case .utf8Invalido: "não é UTF-8 válido"
            case .fimInesperado: "o texto termina antes do fim do valor"
            case .caractereInesperado: "caractere inesperado"
            case .sobra: "há algo depois do fim do valor"
            case .profundidade: "mais de \(JSONReader.profundidadeMaxima) níveis de objetos e listas"
            case .nomeRepetido: "nome repetido no mesmo objeto"
            case .substitutoSolto: "metade de um par substituto (surrogate) sem a outra"
            case .caractereDeControle: "caractere de controle sem escape dentro de um texto"
            case .escapeInvalido: "sequência de escape inválida"
            case .numeroInvalido: "número malformado"
            }
        return "JSON ilegível no byte \(posicao): \(causa)."
    }
}

extension JSONError: CustomStringConvertible {
    package var description: String { mensagem }
}
