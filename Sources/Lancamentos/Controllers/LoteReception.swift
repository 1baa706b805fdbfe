import Access
import Contrato
import Edge
import FluxoDeCaixa
import Hummingbird
import NIOCore

/// Reads the body of a lote to its end, whatever happens to its entries, and puts what becomes of each into the queue of answers.
struct LoteReception: Sendable {
    /// How the entries stand in the body.
    enum Form: String, CaseIterable, Sendable {
        case ndjson = "application/x-ndjson"
        case array = "application/json"
    }

    let form: Form
    let bodyMaxBytes: Int
    let reader: LoteEntryReader
    let service: LancamentoService
    let scope: RequestScope
    let answers: LoteAnswerQueue

    /// Ends when the body does. A caller that is gone ends it, too; what was sent to the store by then is committed or not, entry by entry.
    func run(_ body: RequestBody) async {
        defer { self.answers.finish() }
        var splitter = Splitter(self.form)
        var receivedBytes = 0
        do {
            for try await buffer in body {
                let room = self.bodyMaxBytes - receivedBytes
                receivedBytes += buffer.readableBytes
                if !splitter.hasFailed {
                    let received = splitter.receive(Array(buffer.readableBytesView.prefix(room)))
                    if splitter.hasBegun { self.answers.begin(.answers) }
                    await self.register(received, &splitter)
                }
                // What is thrown away counts as well: nobody may keep a place for ever.
                if receivedBytes > self.bodyMaxBytes {
                    self.breakOff(splitter, Problema(.corpoGrande, detail: "O corpo tem mais de \(self.bodyMaxBytes) bytes."))
                    return
                }
            }
        } catch {
            // Too slow, torn off or not HTTP: nobody can tell whether the last line was whole.
            self.breakOff(splitter, Problema(.ilegivel, detail: "O corpo não chegou inteiro."))
            return
        }
        guard !splitter.hasFailed else { return }
        guard receivedBytes > 0 else {
            self.answers.begin(.refused(Problema(.ilegivel, detail: "O corpo está vazio.")))
            return
        }
        await self.register(splitter.finish(), &splitter)
    }

    /// Reads no further, and ends the connection after the answer. A body that had its last answer gets no other.
    private func breakOff(_ splitter: Splitter, _ problema: Problema) {
        self.scope.closeAfterAnswer()
        guard !splitter.hasFailed else { return }
        self.answers.begin(.refused(problema))
        self.answers.append([.ended(problema)])
    }

    /// One entry on its way: already answered, or to be registered.
    private enum Step {
        case answered(LoteOutcome)
        case toRegister(NovoLancamento)
    }

    private func register(_ received: Splitter.Received, _ splitter: inout Splitter) async {
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
        guard let failure else { return }
        splitter.hasFailed = true
        let problema = Problema(failure)
        if splitter.hasBegun { self.answers.append([.ended(problema)]) } else { self.answers.begin(.refused(problema)) }
    }

    private func register(_ steps: [Step]) async {
        let entries = steps.compactMap { if case .toRegister(let entry) = $0 { entry } else { nil } }
        let results = await self.service.registrar(
            lote: entries, registradoPor: self.scope.identidade.sub, traceparent: self.scope.traceparent.description
        )
        var outcomes = zip(entries, results).map { LoteOutcome($1, temChave: $0.chave != nil) }[...]
        self.answers.append(
            steps.map { step in
                switch step {
                case .answered(let outcome): outcome
                case .toRegister: outcomes.removeFirst()
                }
            })
    }
}

/// The two forms of a body behind one face.
private struct Splitter {
    struct Received {
        var pieces: [PedacoDoLote]
        var failure: JSONError?
    }

    private enum Kind {
        case lines(SeparadorDeLinhas)
        case array(SeparadorDeLista)
    }

    private var kind: Kind
    /// Nothing more is read of a body whose array is broken.
    var hasFailed = false

    init(_ form: LoteReception.Form) {
        self.kind = form == .ndjson ? .lines(SeparadorDeLinhas()) : .array(SeparadorDeLista())
    }

    /// Whether entries can be answered: of lines always, of an array once it is one.
    var hasBegun: Bool {
        switch self.kind {
        case .lines: true
        case .array(let splitter): splitter.comecou
        }
    }

    mutating func receive(_ bytes: [UInt8]) -> Received {
        switch self.kind {
        case .lines(var splitter):
            defer { self.kind = .lines(splitter) }
            return Received(pieces: splitter.receber(bytes))
        case .array(var splitter):
            defer { self.kind = .array(splitter) }
            let (pieces, failure) = splitter.receber(bytes)
            return Received(pieces: pieces, failure: failure)
        }
    }

    mutating func finish() -> Received {
        switch self.kind {
        case .lines(var splitter):
            defer { self.kind = .lines(splitter) }
            return Received(pieces: splitter.terminar())
        case .array(var splitter):
            defer { self.kind = .array(splitter) }
            return Received(pieces: [], failure: splitter.terminar())
        }
    }
}
