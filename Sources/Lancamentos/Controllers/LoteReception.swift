import Access
import Contrato
import Edge
import FluxoDeCaixa
import Hummingbird
import NIOCore

/// Reads the body of a lote to its end and puts the outcome of each entry into the queue of answers.
struct LoteReception: Sendable {
    enum Form: String, CaseIterable, Sendable {
        case ndjson = "application/x-ndjson"
        case array = "application/json"
    }

    let form: Form
    let bodyMaxBytes: Int
    let reader: LoteEntryReader
    let service: LancamentoService
    let call: CallContext
    let answers: LoteAnswerQueue

    /// Returns when the body ends or the caller is gone. Each entry that was sent to the store by then may be committed.
    func run(_ body: RequestBody) async {
        defer { self.answers.finish() }
        var splitter: any LoteSplitter = self.form == .ndjson ? LineSplitter() : ArraySplitter()
        // Whether the array is broken, so that the rest is not read.
        var hasFailed = false
        var receivedBytes = 0
        do {
            for try await buffer in body {
                let room = self.bodyMaxBytes - receivedBytes
                receivedBytes += buffer.readableBytes
                if !hasFailed {
                    let received = splitter.receive(Array(buffer.readableBytesView.prefix(room)))
                    if splitter.hasBegun { self.answers.begin(.answers) }
                    hasFailed = await self.register(received, hasBegun: splitter.hasBegun)
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
        _ = await self.register(splitter.finish(), hasBegun: splitter.hasBegun)
    }

    /// Stops reading and closes the connection after the answer. A body that already has its last answer gets no other.
    private func breakOff(_ hasFailed: Bool, _ problema: Problema) {
        self.call.body.closeAfterAnswer()
        guard !hasFailed else { return }
        self.answers.begin(.refused(problema))
        self.answers.append([.ended(problema)])
    }

    /// An entry that was read: already answered, or to be registered.
    private enum Step {
        case answered(EntryOutcome)
        case toRegister(NovoLancamento)
    }

    /// Registers the entries and answers a fault that ends the array.
    /// - Returns: whether there is such a fault.
    private func register(_ received: LoteSplitter.Received, hasBegun: Bool) async -> Bool {
        var steps: [Step] = []
        var failure = received.failure
        pieces: for piece in received.pieces {
            guard case .lancamento(let bytes) = piece else {
                steps.append(.answered(.tooLarge))
                continue
            }
            switch self.reader.read(bytes) {
            case .entry(let entry): steps.append(.toRegister(entry))
            case .refused: steps.append(.answered(.refused(bytes)))
            case .unreadable where self.form == .ndjson: steps.append(.answered(.refused(bytes)))
            case .unreadable(let error):
                failure = error
                break pieces
            }
        }
        if !steps.isEmpty { await self.register(steps) }
        guard let failure else { return false }
        let problema = Problema(failure)
        if hasBegun { self.answers.append([.ended(problema)]) } else { self.answers.begin(.refused(problema)) }
        return true
    }

    private func register(_ steps: [Step]) async {
        let entries = steps.compactMap { if case .toRegister(let entry) = $0 { entry } else { nil } }
        let results = await self.service.register(
            lote: entries, registradoPor: self.call.identity.sub, traceparent: self.call.traceparent.description
        )
        var outcomes = zip(entries, results).map { EntryOutcome($1, temChave: $0.chave != nil) }[...]
        self.answers.append(
            steps.map { step in
                switch step {
                case .answered(let outcome): outcome
                case .toRegister: outcomes.removeFirst()
                }
            })
    }
}
