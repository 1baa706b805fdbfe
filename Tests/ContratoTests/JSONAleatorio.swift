import Contrato
import SeededRandom

/// Creates random JSON values that the reader accepts.
struct JSONAleatorio {
    private static let escalares: [Unicode.Scalar] = [
        "a", "b", "\"", "\\", "/", " ", "\u{0}", "\u{1F}", "\n", "\t", "\u{7F}", "\u{80}", "\u{E9}", "\u{301}", "\u{7FF}", "\u{800}",
        "\u{2028}",
        "\u{D7FF}", "\u{E000}", "\u{FEFF}", "\u{FFFD}", "\u{FFFF}", "\u{10000}", "\u{1F600}", "\u{10FFFF}",
    ]
    private static let numeros = [
        "0", "-0", "1", "-1", "10", "1.50", "0.001", "1e3", "1E+3", "-2.5e-10", "99999999999999999999", "1e999999",
    ]

    var aleatorio: SeededGenerator

    init(semente: UInt64) {
        aleatorio = SeededGenerator(seed: semente)
    }

    mutating func valor(profundidade: Int = 0) -> JSONValue {
        switch Int.random(in: 0..<(profundidade < JSONReader.depthMax ? 10 : 5), using: &aleatorio) {
        case 0: return .null
        case 1: return .bool(.random(using: &aleatorio))
        case 2: return .number(JSONAleatorio.numeros.randomElement(using: &aleatorio) ?? "0")
        case 3, 4: return .string(texto())
        case 5, 6: return .array((0..<Int.random(in: 0...3, using: &aleatorio)).map { _ in valor(profundidade: profundidade + 1) })
        default:
            let quantos = Int.random(in: 0...(profundidade == 0 ? 40 : 3), using: &aleatorio)
            // The leading number makes the names of an object unique.
            return .object((0..<quantos).map { JSONMember(name: "\($0)\(texto())", value: valor(profundidade: profundidade + 1)) })
        }
    }

    mutating func texto() -> String {
        var texto = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...8, using: &aleatorio) {
            texto.append(JSONAleatorio.escalares.randomElement(using: &aleatorio) ?? "a")
        }
        return String(texto)
    }

    /// The bytes with a few changed, doubled, removed or inserted.
    mutating func estragado(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        let estrutura = Array("{}[]\",:\\u0-e.tfn \u{0}\u{E9}".utf8) + [0x80, 0xC0, 0xED, 0xA0, 0xF4, 0xFF]
        for _ in 0..<Int.random(in: 1...4, using: &aleatorio) where !bytes.isEmpty {
            let posicao = Int.random(in: 0..<bytes.count, using: &aleatorio)
            let novo = estrutura.randomElement(using: &aleatorio) ?? 0
            switch Int.random(in: 0..<5, using: &aleatorio) {
            case 0: bytes[posicao] = novo
            case 1: bytes.insert(novo, at: posicao)
            case 2: bytes.remove(at: posicao)
            case 3: bytes.removeSubrange(posicao...)
            default: bytes.insert(contentsOf: bytes[posicao..<min(posicao + 20, bytes.count)], at: posicao)
            }
        }
        return bytes
    }
}
