import FluxoDeCaixa

/// A strict reader of JSON (RFC 8259) over bytes.
///
/// It takes exactly one value in UTF-8. Repeated names (compared by bytes), lone surrogates, a byte order mark, deep nesting and trailing
/// bytes are refused; the time it takes is linear in the length. Bounding that length is the caller's.
package struct JSONReader {
    /// Arrays and objects inside each other.
    package static let profundidadeMaxima = 16

    private let bytes: [UInt8]
    private var posicao = 0
    private var profundidade = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads the one value that the bytes hold.
    package static func read(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        var reader = JSONReader(bytes)
        return try reader.document()
    }

    /// The same for a part of a larger text; positions in errors count from the part's beginning.
    package static func read(_ bytes: ArraySlice<UInt8>) throws(JSONError) -> JSONValue {
        try read(Array(bytes))
    }

    // MARK: Values

    private mutating func document() throws(JSONError) -> JSONValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw falha(.marcaDeOrdem) }
        skipWhitespace()
        guard posicao < bytes.count else { throw falha(.vazio) }
        let value = try value()
        skipWhitespace()
        guard posicao == bytes.count else { throw falha(.sobra) }
        return value
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        guard posicao < bytes.count else { throw falha(.fimInesperado) }
        switch bytes[posicao] {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: throw inesperado()
        }
    }

    private mutating func object() throws(JSONError) -> [JSONMember] {
        try enter()
        var members: [JSONMember] = []
        var names = NomesDoObjeto()
        if try !close(with: UInt8(ascii: "}")) {
            repeat {
                skipWhitespace()
                let inicio = posicao
                try expect(UInt8(ascii: "\""))
                posicao = inicio
                let name = try string()
                guard names.insert(name, depoisDe: members) else { throw JSONError(posicao: inicio, motivo: .nomeRepetido) }
                skipWhitespace()
                try expect(UInt8(ascii: ":"))
                skipWhitespace()
                members.append(JSONMember(name: name, value: try value()))
            } while try separator(orCloseWith: UInt8(ascii: "}"))
        }
        profundidade -= 1
        return members
    }

    private mutating func array() throws(JSONError) -> [JSONValue] {
        try enter()
        var values: [JSONValue] = []
        if try !close(with: UInt8(ascii: "]")) {
            repeat {
                skipWhitespace()
                values.append(try value())
            } while try separator(orCloseWith: UInt8(ascii: "]"))
        }
        profundidade -= 1
        return values
    }

    private mutating func literal(_ texto: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for deslocamento in 0..<texto.utf8CodeUnitCount {
            try expect(texto.utf8Start[deslocamento])
        }
        return value
    }

    private mutating func number() throws(JSONError) -> String {
        let inicio = posicao
        if bytes[posicao] == UInt8(ascii: "-") { posicao += 1 }
        if posicao < bytes.count, bytes[posicao] == UInt8(ascii: "0") {
            posicao += 1
            if isDigit(posicao) { throw falha(.numeroInvalido) }
        } else {
            try digits()
        }
        if posicao < bytes.count, bytes[posicao] == UInt8(ascii: ".") {
            posicao += 1
            try digits()
        }
        if posicao < bytes.count, bytes[posicao] | 0x20 == UInt8(ascii: "e") {
            posicao += 1
            if posicao < bytes.count, bytes[posicao] == UInt8(ascii: "+") || bytes[posicao] == UInt8(ascii: "-") { posicao += 1 }
            try digits()
        }
        return String(decoding: bytes[inicio..<posicao], as: UTF8.self)
    }

    private mutating func digits() throws(JSONError) {
        guard isDigit(posicao) else { throw posicao < bytes.count ? falha(.numeroInvalido) : falha(.fimInesperado) }
        while isDigit(posicao) { posicao += 1 }
    }

    private func isDigit(_ posicao: Int) -> Bool {
        posicao < bytes.count && bytes[posicao] >= UInt8(ascii: "0") && bytes[posicao] <= UInt8(ascii: "9")
    }

    // MARK: Strings

    /// Text without escapes, by far the most, is copied once; the rest is put together in a buffer.
    private mutating func string() throws(JSONError) -> String {
        posicao += 1
        var inicio = posicao
        var juntado: [UInt8] = []
        while posicao < bytes.count {
            let byte = bytes[posicao]
            switch byte {
            case UInt8(ascii: "\""):
                let ultimo = bytes[inicio..<posicao]
                posicao += 1
                if juntado.isEmpty { return String(decoding: ultimo, as: UTF8.self) }
                juntado.append(contentsOf: ultimo)
                return String(decoding: juntado, as: UTF8.self)
            case UInt8(ascii: "\\"):
                juntado.append(contentsOf: bytes[inicio..<posicao])
                try escape(into: &juntado)
                inicio = posicao
            case 0x00..<0x20:
                throw falha(.caractereDeControle)
            case 0x20..<0x80:
                posicao += 1
            default:
                try multibyteScalar()
            }
        }
        throw falha(.fimInesperado)
    }

    private mutating func escape(into juntado: inout [UInt8]) throws(JSONError) {
        let inicio = posicao
        posicao += 1
        guard posicao < bytes.count else { throw falha(.fimInesperado) }
        let byte = bytes[posicao]
        posicao += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): juntado.append(byte)
        case UInt8(ascii: "b"): juntado.append(0x08)
        case UInt8(ascii: "f"): juntado.append(0x0C)
        case UInt8(ascii: "n"): juntado.append(0x0A)
        case UInt8(ascii: "r"): juntado.append(0x0D)
        case UInt8(ascii: "t"): juntado.append(0x09)
        case UInt8(ascii: "u"): juntado.append(contentsOf: String(try escapedScalar(from: inicio)).utf8)
        default: throw JSONError(posicao: inicio, motivo: .escapeInvalido)
        }
    }

    private mutating func escapedScalar(from inicio: Int) throws(JSONError) -> Unicode.Scalar {
        let primeira = try fourHexDigits(from: inicio)
        if let scalar = Unicode.Scalar(primeira) { return scalar }
        guard (0xD800..<0xDC00).contains(primeira), posicao + 1 < bytes.count, bytes[posicao] == UInt8(ascii: "\\"),
            bytes[posicao + 1] == UInt8(ascii: "u")
        else { throw JSONError(posicao: inicio, motivo: .substitutoSolto) }
        let inicioDaSegunda = posicao
        posicao += 2
        let segunda = try fourHexDigits(from: inicioDaSegunda)
        guard (0xDC00..<0xE000).contains(segunda),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(primeira - 0xD800) << 10 | UInt32(segunda - 0xDC00)))
        else { throw JSONError(posicao: inicio, motivo: .substitutoSolto) }
        return scalar
    }

    private mutating func fourHexDigits(from inicio: Int) throws(JSONError) -> UInt16 {
        var valor: UInt16 = 0
        for _ in 0..<4 {
            guard posicao < bytes.count else { throw falha(.fimInesperado) }
            let byte = bytes[posicao]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): valor = valor << 4 | UInt16(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): valor = valor << 4 | UInt16(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): valor = valor << 4 | UInt16(byte - UInt8(ascii: "A") + 10)
            default: throw JSONError(posicao: inicio, motivo: .escapeInvalido)
            }
            posicao += 1
        }
        return valor
    }

    /// Steps over one well-formed sequence of two to four bytes (Unicode 15, table 3-7).
    private mutating func multibyteScalar() throws(JSONError) {
        let primeiro = bytes[posicao]
        let (restantes, segundo): (Int, ClosedRange<UInt8>)
        switch primeiro {
        case 0xC2...0xDF: (restantes, segundo) = (1, 0x80...0xBF)
        case 0xE0: (restantes, segundo) = (2, 0xA0...0xBF)
        case 0xE1...0xEC, 0xEE...0xEF: (restantes, segundo) = (2, 0x80...0xBF)
        case 0xED: (restantes, segundo) = (2, 0x80...0x9F)
        case 0xF0: (restantes, segundo) = (3, 0x90...0xBF)
        case 0xF1...0xF3: (restantes, segundo) = (3, 0x80...0xBF)
        case 0xF4: (restantes, segundo) = (3, 0x80...0x8F)
        default: throw falha(.utf8Invalido)
        }
        guard posicao + restantes < bytes.count, segundo.contains(bytes[posicao + 1]) else { throw falha(.utf8Invalido) }
        for deslocamento in 1...restantes where bytes[posicao + deslocamento] & 0xC0 != 0x80 {
            throw falha(.utf8Invalido)
        }
        posicao += restantes + 1
    }

    // MARK: Punctuation

    private mutating func enter() throws(JSONError) {
        guard profundidade < JSONReader.profundidadeMaxima else { throw falha(.profundidade) }
        profundidade += 1
        posicao += 1
    }

    /// Whether the array or object ends before its first element.
    private mutating func close(with fim: UInt8) throws(JSONError) -> Bool {
        skipWhitespace()
        guard posicao < bytes.count else { throw falha(.fimInesperado) }
        guard bytes[posicao] == fim else { return false }
        posicao += 1
        return true
    }

    /// Whether a comma promises another element; otherwise the array or object has ended.
    private mutating func separator(orCloseWith fim: UInt8) throws(JSONError) -> Bool {
        if try close(with: fim) { return false }
        try expect(UInt8(ascii: ","))
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard posicao < bytes.count else { throw falha(.fimInesperado) }
        guard bytes[posicao] == byte else { throw inesperado() }
        posicao += 1
    }

    private mutating func skipWhitespace() {
        while posicao < bytes.count {
            switch bytes[posicao] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): posicao += 1
            default: return
            }
        }
    }

    private func falha(_ motivo: JSONError.Motivo) -> JSONError {
        JSONError(posicao: posicao, motivo: motivo)
    }

    /// Outside of strings JSON is ASCII, so that a byte beyond it is either an unexpected character or no UTF-8 at all.
    private func inesperado() -> JSONError {
        var copia = self
        guard bytes[posicao] >= 0x80 else { return falha(.caractereInesperado) }
        do throws(JSONError) {
            try copia.multibyteScalar()
            return falha(.caractereInesperado)
        } catch {
            return error
        }
    }
}
