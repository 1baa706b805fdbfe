import Contrato
import DequeModule
import FluxoDeCaixa

/// The outcomes that a client has not taken yet, packed: 17 bytes for a registered entry, a refused one's own bytes and a few more. So they
/// never need much more memory than the body that they answer, however large the answer will be when written out.
struct LoteAnswers {
    private enum Tag: UInt8 {
        case registered, replayed, conflict, overloaded, databaseAway, unknown, unknownWithKey, refused, tooLarge, ended
    }

    /// Packed outcomes are kept in pieces, so that what was taken is given back.
    private static let pieceBytes = 65_536

    private var pieces: Deque<[UInt8]> = []
    private var readOffset = 0
    private var last: Problema?
    /// How many wait.
    private(set) var count = 0

    var isEmpty: Bool { self.count == 0 }

    mutating func append(_ outcome: LoteOutcome) {
        self.count += 1
        var packed: [UInt8] = []
        switch outcome {
        case .registered(let id): Self.pack(.registered, id, &packed)
        case .replayed(let id): Self.pack(.replayed, id, &packed)
        case .failed(.chaveComOutroConteudo, _): packed = [Tag.conflict.rawValue]
        case .failed(.sobrecarga, _): packed = [Tag.overloaded.rawValue]
        case .failed(.bancoIndisponivel, _): packed = [Tag.databaseAway.rawValue]
        case .failed(.resultadoDesconhecido(let id), let temChave): Self.pack(temChave ? .unknownWithKey : .unknown, id, &packed)
        case .refused(let bytes):
            packed.reserveCapacity(bytes.count + 4)
            packed.append(Tag.refused.rawValue)
            Self.pack(bytes.count, &packed)
            packed += bytes
        case .tooLarge: packed = [Tag.tooLarge.rawValue]
        case .ended(let problema):
            self.last = problema
            packed = [Tag.ended.rawValue]
        }
        if let piece = self.pieces.last, piece.count + packed.count <= Self.pieceBytes {
            self.pieces[self.pieces.count - 1].append(contentsOf: packed)
        } else {
            self.pieces.append(packed)
        }
    }

    /// Takes the oldest; nil if none waits.
    mutating func next() -> LoteOutcome? {
        guard let piece = self.pieces.first, let tag = Tag(rawValue: piece[self.readOffset]) else { return nil }
        self.count -= 1
        self.readOffset += 1
        let outcome: LoteOutcome
        switch tag {
        case .registered: outcome = .registered(self.takeID(piece))
        case .replayed: outcome = .replayed(self.takeID(piece))
        case .conflict: outcome = .failed(.chaveComOutroConteudo, temChave: true)
        case .overloaded: outcome = .failed(.sobrecarga, temChave: false)
        case .databaseAway: outcome = .failed(.bancoIndisponivel, temChave: false)
        case .unknown: outcome = .failed(.resultadoDesconhecido(self.takeID(piece)), temChave: false)
        case .unknownWithKey: outcome = .failed(.resultadoDesconhecido(self.takeID(piece)), temChave: true)
        case .refused: outcome = .refused(self.takeBytes(piece))
        case .tooLarge: outcome = .tooLarge
        case .ended: outcome = self.last.map { .ended($0) } ?? .tooLarge
        }
        if self.readOffset == piece.count {
            self.pieces.removeFirst()
            self.readOffset = 0
        }
        return outcome
    }

    // MARK: - Packing

    private static func pack(_ tag: Tag, _ id: LancamentoID, _ packed: inout [UInt8]) {
        packed.append(tag.rawValue)
        for shift in stride(from: 120, through: 0, by: -8) { packed.append(UInt8(truncatingIfNeeded: id.bits >> shift)) }
    }

    /// Seven bits a byte, the lowest first; the highest bit says that another byte follows.
    private static func pack(_ length: Int, _ packed: inout [UInt8]) {
        var rest = length
        while rest >= 0x80 {
            packed.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        packed.append(UInt8(rest))
    }

    private mutating func takeID(_ piece: [UInt8]) -> LancamentoID {
        var bits: UInt128 = 0
        for byte in piece[self.readOffset..<self.readOffset + 16] { bits = bits << 8 | UInt128(byte) }
        self.readOffset += 16
        return LancamentoID(bits: bits)
    }

    private mutating func takeBytes(_ piece: [UInt8]) -> [UInt8] {
        var length = 0
        var shift = 0
        var byte: UInt8
        repeat {
            byte = piece[self.readOffset]
            length |= Int(byte & 0x7F) << shift
            shift += 7
            self.readOffset += 1
        } while byte & 0x80 != 0
        defer { self.readOffset += length }
        return Array(piece[self.readOffset..<self.readOffset + length])
    }
}
