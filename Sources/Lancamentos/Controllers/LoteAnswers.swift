import Contrato
import DequeModule
import FluxoDeCaixa
import NIOConcurrencyHelpers

/// The outcomes that are not answered yet, packed: 17 bytes for a registered entry, the entry's bytes and a few more for a refused one, some
/// bytes for a simulated entry and for a refused row of a file. They need a few times the memory of the lote's body at the most, however
/// long the rendered answer is.
struct LoteAnswers {
    private enum Tag: UInt8 {
        case registered, replayed, wouldRegisterCredit, wouldRegisterDebit, wouldRepeat, conflict, overloaded, databaseAway,
            databaseRefuses, unknown, unknownWithKey, openWithKey, refused, refusedRow, tooLarge, malformed, ended
    }

    /// Packed outcomes are kept in pieces, so that the memory of answered ones is freed.
    private static let pieceBytes = 65_536

    private var pieces: Deque<[UInt8]> = []
    private var readOffset = 0
    private var problems = PackedProblems()
    private var last: Problema?
    private(set) var count = 0

    var isEmpty: Bool { self.count == 0 }

    /// The size of the packed outcomes.
    var packedBytes: Int { self.pieces.reduce(0) { $0 + $1.count } }

    mutating func append(_ outcome: EntryOutcome) {
        self.count += 1
        var packed: [UInt8] = []
        switch outcome {
        case .registered(let id): Self.pack(.registered, id, &packed)
        case .replayed(let id, let line):
            Self.pack(.replayed, id, &packed)
            packed.pack(line ?? 0)
        case .wouldRegister(let tipo, let valor, let data, let line):
            packed = [(tipo == .credito ? Tag.wouldRegisterCredit : .wouldRegisterDebit).rawValue]
            packed.pack(Int(valor.centavos))
            packed.pack(data.diasDesde(.primeiro))
            packed.pack(line ?? 0)
        case .wouldRepeat(let line):
            packed = [Tag.wouldRepeat.rawValue]
            packed.pack(line ?? 0)
        case .failed(let failure, let temChave, let line):
            Self.pack(failure, temChave: temChave, &packed)
            packed.pack(line ?? 0)
        case .refused(let bytes):
            packed.reserveCapacity(bytes.count + 8)
            packed.append(Tag.refused.rawValue)
            packed.pack(bytes)
        case .refusedRow(let problema, let line):
            packed.append(Tag.refusedRow.rawValue)
            packed.pack(line)
            self.problems.pack(problema, to: &packed)
        case .tooLarge(let line):
            packed.append(Tag.tooLarge.rawValue)
            packed.pack(line ?? 0)
        case .malformed(let fault, let line):
            packed = [Tag.malformed.rawValue, fault.rawValue]
            packed.pack(line ?? 0)
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

    /// Removes and returns the oldest outcome; nil if there is none.
    mutating func next() -> EntryOutcome? {
        guard let piece = self.pieces.first else { return nil }
        var reader = PackedReader(piece, offset: self.readOffset)
        guard let tag = Tag(rawValue: reader.takeByte()) else { preconditionFailure("a tag that was not packed") }
        self.count -= 1
        let outcome: EntryOutcome
        switch tag {
        case .registered: outcome = .registered(Self.takeID(&reader))
        case .replayed: outcome = .replayed(Self.takeID(&reader), line: Self.takeLine(&reader))
        case .wouldRegisterCredit: outcome = Self.takeWouldRegister(.credito, &reader)
        case .wouldRegisterDebit: outcome = Self.takeWouldRegister(.debito, &reader)
        case .wouldRepeat: outcome = .wouldRepeat(line: Self.takeLine(&reader))
        case .conflict: outcome = .failed(.chaveComOutroConteudo, temChave: true, line: Self.takeLine(&reader))
        case .overloaded: outcome = .failed(.sobrecarga, temChave: false, line: Self.takeLine(&reader))
        case .databaseAway: outcome = .failed(.bancoIndisponivel, temChave: false, line: Self.takeLine(&reader))
        case .databaseRefuses: outcome = .failed(.bancoRecusa, temChave: false, line: Self.takeLine(&reader))
        case .openWithKey: outcome = .failed(.resultadoDesconhecido(nil), temChave: true, line: Self.takeLine(&reader))
        case .unknown, .unknownWithKey:
            let id = Self.takeID(&reader)
            outcome = .failed(.resultadoDesconhecido(id), temChave: tag == .unknownWithKey, line: Self.takeLine(&reader))
        case .refused: outcome = .refused(reader.takeBytes())
        case .refusedRow:
            let line = reader.takeNumber()
            outcome = .refusedRow(self.problems.take(from: &reader), line: line)
        case .tooLarge: outcome = .tooLarge(line: Self.takeLine(&reader))
        case .malformed:
            guard let fault = RowFault(rawValue: reader.takeByte()) else { preconditionFailure("a fault that was not packed") }
            outcome = .malformed(fault, line: Self.takeLine(&reader))
        case .ended: outcome = self.last.map { .ended($0) } ?? .tooLarge(line: nil)
        }
        self.readOffset = reader.offset
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

    private static func pack(_ failure: RegistrationFailure, temChave: Bool, _ packed: inout [UInt8]) {
        switch failure {
        case .chaveComOutroConteudo: packed.append(Tag.conflict.rawValue)
        case .sobrecarga: packed.append(Tag.overloaded.rawValue)
        case .bancoIndisponivel: packed.append(Tag.databaseAway.rawValue)
        case .bancoRecusa: packed.append(Tag.databaseRefuses.rawValue)
        case .resultadoDesconhecido(let id?): self.pack(temChave ? .unknownWithKey : .unknown, id, &packed)
        // Only another attempt with the same key has an unknown id.
        case .resultadoDesconhecido(nil): packed.append(Tag.openWithKey.rawValue)
        }
    }

    private static func takeID(_ reader: inout PackedReader) -> LancamentoID {
        var bits: UInt128 = 0
        for _ in 0..<16 { bits = bits << 8 | UInt128(reader.takeByte()) }
        return LancamentoID(bits: bits)
    }

    private static func takeWouldRegister(_ tipo: Tipo, _ reader: inout PackedReader) -> EntryOutcome {
        guard let valor = Valor(centavos: Int64(reader.takeNumber())), let data = Dia.primeiro.somando(dias: reader.takeNumber()) else {
            preconditionFailure("an amount or a day that was not packed")
        }
        return .wouldRegister(tipo, valor, data, line: self.takeLine(&reader))
    }

    /// Lines are counted from 1; 0 stands for none.
    private static func takeLine(_ reader: inout PackedReader) -> Int? {
        let line = reader.takeNumber()
        return line == 0 ? nil : line
    }
}

/// Carries outcomes from the reader of a lote to the writer of its answer. The reader never waits for the client to read answers.
final class LoteAnswerQueue: Sendable {
    enum Beginning: Sendable {
        case answers
        /// The whole call is refused because the body has no entries to answer line by line.
        case refused(Problema)
    }

    private struct State {
        var answers = LoteAnswers()
        var beginning: Beginning?
        var isFinished = false
        var beginningWaiter: CheckedContinuation<Beginning, Never>?
        var answersWaiter: CheckedContinuation<Void, Never>?
    }

    private let state = NIOLockedValueBox(State())

    // MARK: - The reading side

    /// Decides how the answer begins; only the first call counts.
    func begin(_ beginning: Beginning) {
        let waiter: CheckedContinuation<Beginning, Never>? = self.state.withLockedValue { state in
            guard state.beginning == nil else { return nil }
            state.beginning = beginning
            defer { state.beginningWaiter = nil }
            return state.beginningWaiter
        }
        waiter?.resume(returning: beginning)
    }

    func append(_ outcomes: some Sequence<EntryOutcome>) {
        self.wake { state in
            for outcome in outcomes { state.answers.append(outcome) }
        }
    }

    func finish() {
        self.begin(.answers)
        self.wake { $0.isFinished = true }
    }

    private func wake(_ change: (inout State) -> Void) {
        let waiter = self.state.withLockedValue { state in
            change(&state)
            defer { state.answersWaiter = nil }
            return state.answersWaiter
        }
        waiter?.resume()
    }

    // MARK: - The answering side

    func beginning() async -> Beginning {
        await withCheckedContinuation { continuation in
            let known: Beginning? = self.state.withLockedValue { state in
                if state.beginning == nil { state.beginningWaiter = continuation }
                return state.beginning
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// Returns the next outcomes, at most `max`, as soon as there is one; nil after the last.
    func next(max: Int) async -> [EntryOutcome]? {
        while true {
            let (outcomes, isFinished) = self.state.withLockedValue { state in
                var outcomes: [EntryOutcome] = []
                while outcomes.count < max, let outcome = state.answers.next() { outcomes.append(outcome) }
                return (outcomes, state.isFinished)
            }
            if !outcomes.isEmpty { return outcomes }
            if isFinished { return nil }
            await withCheckedContinuation { continuation in
                let isReady = self.state.withLockedValue { state in
                    if state.answers.isEmpty, !state.isFinished { state.answersWaiter = continuation }
                    return state.answersWaiter == nil
                }
                if isReady { continuation.resume() }
            }
        }
    }
}
