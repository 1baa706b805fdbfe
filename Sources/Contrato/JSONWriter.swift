/// Writes JSON to bytes: members in the order of the calls, no white space, so that equal calls give equal bytes.
///
/// It places commas itself; that names and values alternate as JSON wants is the caller's.
package struct JSONWriter {
    /// What has been written so far, UTF-8.
    package private(set) var bytes: [UInt8] = []
    private var precisaDeVirgula = false

    /// An empty text with room for so many bytes; it grows as needed.
    package init(capacidadeEmBytes: Int = 768) {
        bytes.reserveCapacity(capacidadeEmBytes)
    }

    /// An object whose members the closure writes.
    package mutating func object<E: Error>(_ corpo: (inout JSONWriter) throws(E) -> Void) throws(E) {
        try container(abre: UInt8(ascii: "{"), fecha: UInt8(ascii: "}"), corpo)
    }

    /// An array whose values the closure writes.
    package mutating func array<E: Error>(_ corpo: (inout JSONWriter) throws(E) -> Void) throws(E) {
        try container(abre: UInt8(ascii: "["), fecha: UInt8(ascii: "]"), corpo)
    }

    /// The name of the next value.
    package mutating func name(_ nome: String) {
        comma()
        quoted(nome)
        bytes.append(UInt8(ascii: ":"))
        precisaDeVirgula = false
    }

    /// A text, escaped where RFC 8259, section 7, demands it.
    package mutating func string(_ texto: String) {
        comma()
        quoted(texto)
    }

    /// A whole number of any size.
    package mutating func integer(_ numero: some BinaryInteger) {
        comma()
        bytes.append(contentsOf: String(numero).utf8)
    }

    /// `true` or `false`.
    package mutating func bool(_ valor: Bool) {
        comma()
        bytes.append(contentsOf: (valor ? "true" : "false").utf8)
    }

    /// `null`.
    package mutating func null() {
        comma()
        bytes.append(contentsOf: "null".utf8)
    }

    /// A value as it was read.
    package mutating func value(_ valor: JSONValue) {
        switch valor {
        case .object(let membros):
            object { escrita in
                for membro in membros {
                    escrita.name(membro.name)
                    escrita.value(membro.value)
                }
            }
        case .array(let valores):
            array { escrita in
                for valor in valores { escrita.value(valor) }
            }
        case .string(let texto): string(texto)
        case .number(let texto):
            comma()
            bytes.append(contentsOf: texto.utf8)
        case .bool(let valor): bool(valor)
        case .null: null()
        }
    }

    /// A name and its text.
    package mutating func member(_ nome: String, _ texto: String) {
        name(nome)
        string(texto)
    }

    /// A name and its text; neither if there is no text.
    package mutating func member(_ nome: String, ifPresent texto: String?) {
        if let texto { member(nome, texto) }
    }

    /// A name and its whole number.
    package mutating func member(_ nome: String, _ numero: some BinaryInteger) {
        name(nome)
        integer(numero)
    }

    private mutating func container<E: Error>(
        abre: UInt8,
        fecha: UInt8,
        _ corpo: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        comma()
        bytes.append(abre)
        precisaDeVirgula = false
        try corpo(&self)
        bytes.append(fecha)
        precisaDeVirgula = true
    }

    /// The comma before this value or name, if one is due; the next one is then due.
    private mutating func comma() {
        if precisaDeVirgula { bytes.append(UInt8(ascii: ",")) }
        precisaDeVirgula = true
    }

    private mutating func quoted(_ texto: String) {
        bytes.append(UInt8(ascii: "\""))
        var texto = texto
        texto.withUTF8 { utf8 in
            var inicio = 0
            for posicao in utf8.indices where JSONWriter.precisaDeEscape(utf8[posicao]) {
                bytes.append(contentsOf: utf8[inicio..<posicao])
                escaped(utf8[posicao])
                inicio = posicao + 1
            }
            bytes.append(contentsOf: utf8[inicio...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func precisaDeEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func escaped(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: (byte < 0x10 ? "u000" : "u00").utf8)
            bytes.append(contentsOf: String(byte, radix: 16).utf8)
        }
    }
}
