import Access
import Contrato
import Edge
import FileImport
import FluxoDeCaixa
import Hummingbird
import NIOCore

/// Reads the body of a lote to its end and puts the outcome of each entry into the queue of answers.
struct LoteReception: Sendable {
    enum Form: String, CaseIterable, Sendable {
        case ndjson = "application/x-ndjson"
        case array = "application/json"
        case ofx = "application/x-ofx"
        case csv = "text/csv"

        /// Whether the entries are those of a bank's or a person's file, for one account.
        var isFile: Bool { self == .ofx || self == .csv }

        /// - Parameter conta: the account of a file.
        func splitter(conta: Conta?) -> any LoteSplitter {
            switch (self, conta) {
            case (.array, _): ArraySplitter()
            case (.ofx, let conta?): OFXSplitter(conta: conta)
            case (.csv, let conta?): CSVSplitter(conta: conta)
            case (.ndjson, _), (_, nil): LineSplitter()
            }
        }
    }

    let splitter: any LoteSplitter
    /// Whether the next entry can be found after one that breaks the grammar of JSON: in lines, not in an array.
    let continuesAfterUnreadable: Bool
    let bodyMaxBytes: Int
    let reader: LoteEntryReader
    let service: LancamentoService
    let simulates: Bool
    let call: CallContext
    let answers: LoteAnswerQueue

    /// Returns when the body ends or the caller is gone. Each entry that was sent to the store by then may be committed.
    func run(_ body: RequestBody) async {
        defer { self.answers.finish() }
        var splitter = self.splitter
        var simulated = SimulatedKeys()
        // Whether the body is broken, so that the rest is not read.
        var hasFailed = false
        var receivedBytes = 0
        do {
            for try await buffer in body {
                let room = self.bodyMaxBytes - receivedBytes
                receivedBytes += buffer.readableBytes
                if !hasFailed {
                    let received = splitter.receive(Array(buffer.readableBytesView.prefix(room)))
                    if splitter.hasBegun { self.answers.begin(.answers) }
                    hasFailed = await self.register(received, of: splitter, &simulated)
                }
                // Discarded bytes count as well, so that no caller holds a slot without end.
                if receivedBytes > self.bodyMaxBytes {
                    self.breakOff(hasFailed, Problema(.corpoGrande, detail: "O corpo tem mais de \(self.bodyMaxBytes) bytes."))
                    return
                }
            }
        } catch {
            // Too slow, disconnected or not HTTP: it is unknown whether the last line is complete.
            self.breakOff(hasFailed, Problema(.ilegivel, detail: "O corpo não chegou inteiro."))
            return
        }
        guard !hasFailed else { return }
        guard receivedBytes > 0 else {
            self.answers.begin(.refused(Problema(.ilegivel, detail: "O corpo está vazio.")))
            return
        }
        let last = splitter.finish()
        _ = await self.register(last, of: splitter, &simulated)
    }

    /// Stops reading and closes the connection after the answer. A body that already has its last answer gets no other.
    private func breakOff(_ hasFailed: Bool, _ problema: Problema) {
        self.call.body.closeAfterAnswer()
        guard !hasFailed else { return }
        self.answers.begin(.refused(problema))
        self.answers.append([.ended(problema)])
    }

    private typealias EntryOfLote = (novo: NovoLancamento, line: Int?)

    /// An entry that was read: already answered, or to be registered.
    private enum Step {
        case answered(EntryOutcome)
        case toRegister(EntryOfLote)
    }

    /// Registers the entries and answers a fault that ends the body.
    /// - Returns: whether there is such a fault.
    private func register(
        _ received: LoteSplitter.Received, of splitter: any LoteSplitter, _ simulated: inout SimulatedKeys
    ) async -> Bool {
        let place = splitter.place(of:)
        var steps: [Step] = []
        var failure = received.failure
        pieces: for piece in received.pieces {
            let bytes: [UInt8]
            switch piece.content {
            case .lancamento(let read): bytes = read
            case .tooLarge:
                steps.append(.answered(.tooLarge(line: piece.line)))
                continue
            case .malformed(let fault):
                steps.append(.answered(.malformed(fault, line: piece.line)))
                continue
            }
            switch self.reader.read(bytes) {
            case .entry(let entry): steps.append(.toRegister((entry, piece.line)))
            case .refused(let problema):
                steps.append(.answered(EntryOutcome(problema, bytes: bytes, line: piece.line, place: place)))
            case .unreadable(let error) where self.continuesAfterUnreadable:
                steps.append(.answered(EntryOutcome(Problema(error), bytes: bytes, line: piece.line, place: place)))
            case .unreadable(let error):
                failure = .json(error)
                break pieces
            }
        }
        if !steps.isEmpty { await self.register(steps, of: splitter, &simulated) }
        guard let problema = failure?.problema else { return false }
        if splitter.hasBegun { self.answers.append([.ended(problema)]) } else { self.answers.begin(.refused(problema)) }
        return true
    }

    private func register(_ steps: [Step], of splitter: any LoteSplitter, _ simulated: inout SimulatedKeys) async {
        let entries: [EntryOfLote] = steps.compactMap { if case .toRegister(let entry) = $0 { entry } else { nil } }
        var outcomes = await self.outcomes(entries, of: splitter, &simulated)[...]
        self.answers.append(
            steps.map { step in
                switch step {
                case .answered(let outcome): outcome
                case .toRegister: outcomes.removeFirst()
                }
            })
    }

    private func outcomes(
        _ entries: [EntryOfLote], of splitter: any LoteSplitter, _ simulated: inout SimulatedKeys
    ) async -> [EntryOutcome] {
        let sub = self.call.identity.sub
        let novos = entries.map { $0.novo }
        let place = splitter.place(of:)
        guard !self.simulates else {
            let results = await self.service.simulate(novos, registradoPor: sub, canal: .lote, after: &simulated)
            return zip(entries, results).map { EntryOutcome($1, temChave: $0.novo.chave != nil, line: $0.line, place: place) }
        }
        let results = await self.service.register(lote: novos, registradoPor: sub, traceparent: self.call.traceparent.description)
        return zip(entries, results).map { EntryOutcome($1, temChave: $0.novo.chave != nil, line: $0.line, place: place) }
    }
}
