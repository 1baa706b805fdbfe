import Contrato
import FluxoDeCaixa
import NIOCore

/// Registers the entries of a plan, one a request, and keeps the ledger. Used on the event loop only.
final class WriteTraffic: Traffic {
    private static let target = "/v1/lancamentos"
    private static let contentType = "Content-Type: application/json\r\n"

    private(set) var ledger: Ledger
    private let plan: EntryPlan
    private let firstNumber: Int
    private let probe: VisibleProbe?

    init(plan: EntryPlan, ledger: Ledger, probe: VisibleProbe?) {
        self.plan = plan
        self.ledger = ledger
        self.firstNumber = ledger.nextNumber
        self.probe = probe
    }

    func request(_ number: Int, _ writer: RequestWriter) -> ByteBuffer {
        let number = self.firstNumber + number
        let entry = self.plan.entry(number)
        self.ledger.attempt()
        var body = JSONWriter(reservedBytes: 256)
        self.plan.write(number, entry, to: &body)
        let key = entry.hasKey ? "Idempotency-Key: \(self.plan.chave(number))\r\n" : ""
        return writer.post(Self.target, headers: Self.contentType + key, body: body.bytes)
    }

    func take(_ number: Int, _ result: Result<HTTPAnswer, RequestFailure>) -> Outcome {
        let number = self.firstNumber + number
        switch WriteAnswer(result) {
        case .registered(let answer):
            let entry = self.plan.entry(number)
            self.ledger.acknowledge(entry)
            self.probe?.consider(number, conta: self.plan.contas[entry.conta], dia: self.plan.dias[entry.dia], answer)
            return .accepted
        case .shed(let hasRetryAfter):
            self.ledger.refuse()
            return .shed(hasRetryAfter: hasRetryAfter)
        case .refused(let status):
            self.ledger.refuse()
            return .refused(status: status)
        case .notSent:
            self.ledger.refuse()
            return .unknown
        case .unclear(let id):
            self.ledger.leaveUnclear(number, id: id)
            return .unknown
        }
    }
}

/// What an answer to `POST /v1/lancamentos` says about the entry.
enum WriteAnswer {
    case registered(HTTPAnswer)
    /// Certainly not registered: over capacity, over a limit, or the database is away.
    case shed(hasRetryAfter: Bool)
    /// Certainly not registered: the entry or its sender does not please.
    case refused(status: Int)
    /// Certainly not registered, for it was never sent.
    case notSent
    case unclear(id: LancamentoID?)

    private static let unknownOutcome = "resultado-desconhecido"

    init(_ result: Result<HTTPAnswer, RequestFailure>) {
        switch result {
        case .success(let answer):
            switch answer.status {
            case 201: self = .registered(answer)
            case 429: self = .shed(hasRetryAfter: answer.retryAfterSeconds != nil)
            case 503: self = Self.unavailable(answer)
            case 400..<500: self = .refused(status: answer.status)
            // 200 among them: no entry was sent before, so that a replay is none.
            default: self = .unclear(id: nil)
            }
        case .failure(.notSent): self = .notSent
        case .failure: self = .unclear(id: nil)
        }
    }

    private static func unavailable(_ answer: HTTPAnswer) -> WriteAnswer {
        guard let problem = try? JSONReader.read(answer.bytes), case .string(let type)? = problem["type"] else { return .unclear(id: nil) }
        guard type.hasSuffix("#\(self.unknownOutcome)") else { return .shed(hasRetryAfter: answer.retryAfterSeconds != nil) }
        guard case .string(let id)? = problem["id"] else { return .unclear(id: nil) }
        return .unclear(id: LancamentoID(parsing: id))
    }
}
