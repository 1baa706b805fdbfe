import Contrato

/// Packs the problems of the rows of a file. A body of a few bytes a row may have millions of them.
///
/// Problems, and the texts of problems that name something of the sender's, are kept once and packed as numbers. Only the sender's names,
/// and what finds no room among ``keptMax``, are packed as texts.
struct PackedProblems {
    /// The most problems that are kept, and the most texts. The reader of entries has fewer.
    static let keptMax = 1024

    private static let nomes = Problema.Nome.allCases
    private static let codigos = ErroDeCampo.Codigo.allCases

    private var problems = Kept<Problema>(max: PackedProblems.keptMax)
    private var texts = Kept<String>(max: PackedProblems.keptMax)

    /// Appends a problem without an entry's id: a row that is refused has none.
    mutating func pack(_ problema: Problema, to packed: inout [UInt8]) {
        let hasNames = problema.erros.contains { Self.isNamedBySender($0) }
        if !hasNames, let number = self.problems.number(of: problema) {
            packed.pack(number + 1)
            return
        }
        packed.pack(0)
        packed.pack(Self.number(of: problema.nome, in: Self.nomes))
        self.pack(problema.detail, to: &packed)
        packed.pack(problema.erros.count)
        for erro in problema.erros {
            self.pack(erro.campo, isKept: !Self.isNamedBySender(erro), to: &packed)
            packed.pack(Self.number(of: erro.codigo, in: Self.codigos))
            self.pack(erro.mensagem, to: &packed)
        }
    }

    /// Reads what ``pack(_:to:)`` appended.
    func take(from reader: inout PackedReader) -> Problema {
        let number = reader.takeNumber()
        guard number == 0 else { return self.problems[number - 1] }
        let nome = Self.nomes[reader.takeNumber()]
        let detail = self.takeText(from: &reader)
        let count = reader.takeNumber()
        let erros = (0..<count).map { _ in
            ErroDeCampo(
                campo: self.takeText(from: &reader), codigo: Self.codigos[reader.takeNumber()], mensagem: self.takeText(from: &reader))
        }
        return Problema(nome, detail: detail, erros: erros)
    }

    /// Whether the fault is of a member inside `metadados`, whose name is the sender's.
    private static func isNamedBySender(_ erro: ErroDeCampo) -> Bool { erro.campo.utf8.contains(UInt8(ascii: ".")) }

    private static func number<Case: Equatable>(of value: Case, in all: [Case]) -> Int {
        guard let number = all.firstIndex(of: value) else { preconditionFailure("a case that is not listed: \(value)") }
        return number
    }

    private mutating func pack(_ text: String, isKept: Bool = true, to packed: inout [UInt8]) {
        if isKept, let number = self.texts.number(of: text) {
            packed.pack(number + 1)
        } else {
            packed.pack(0)
            packed.pack(Array(text.utf8))
        }
    }

    private func takeText(from reader: inout PackedReader) -> String {
        let number = reader.takeNumber()
        return number == 0 ? String(decoding: reader.takeBytes(), as: UTF8.self) : self.texts[number - 1]
    }
}

/// Different values, each with its number from 0 on.
private struct Kept<Value: Hashable & Sendable>: Sendable {
    private let max: Int
    private var values: [Value] = []
    private var numbers: [Value: Int] = [:]

    init(max: Int) {
        self.max = max
    }

    subscript(number: Int) -> Value { self.values[number] }

    /// Keeps a value that is new.
    /// - Returns: nil if it is new and there is no room.
    mutating func number(of value: Value) -> Int? {
        if let number = self.numbers[value] { return number }
        guard self.values.count < self.max else { return nil }
        self.numbers[value] = self.values.count
        self.values.append(value)
        return self.values.count - 1
    }
}

extension [UInt8] {
    /// Appends seven bits per byte, the lowest first; the highest bit is set if another byte follows.
    mutating func pack(_ number: Int) {
        var rest = number
        while rest >= 0x80 {
            self.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        self.append(UInt8(rest))
    }

    /// Appends the number of bytes and the bytes.
    mutating func pack(_ bytes: [UInt8]) {
        self.pack(bytes.count)
        self.append(contentsOf: bytes)
    }
}

/// Reads packed values in their order.
struct PackedReader {
    private let bytes: [UInt8]
    private(set) var offset: Int

    init(_ bytes: [UInt8], offset: Int) {
        self.bytes = bytes
        self.offset = offset
    }

    mutating func takeByte() -> UInt8 {
        defer { self.offset += 1 }
        return self.bytes[self.offset]
    }

    mutating func takeNumber() -> Int {
        var number = 0
        var shift = 0
        var byte: UInt8
        repeat {
            byte = self.takeByte()
            number |= Int(byte & 0x7F) << shift
            shift += 7
        } while byte & 0x80 != 0
        return number
    }

    mutating func takeBytes() -> [UInt8] {
        let length = self.takeNumber()
        defer { self.offset += length }
        return Array(self.bytes[self.offset..<self.offset + length])
    }
}
