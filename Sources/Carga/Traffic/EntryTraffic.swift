import Contrato
import FluxoDeCaixa
import NIOCore

/// Registers the entries of a plan, one in each request, and keeps the ledger. Used only on the event loop.
final class WriteTraffic: Traffic {
    private(set) var ledger: Ledger
    private let plan: EntryPlan
    private let firstNumber: Int
    private let probe: VisibleProbe?

    init(plan: EntryPlan, ledger: Ledger, probe: VisibleProbe?) {
        self.plan = plan
        self.ledger = ledger
        self.firstNumber = ledger.attempted
        self.probe = probe
    }

    func request(_ number: Int, _ writer: RequestWriter) -> ByteBuffer {
        let number = self.firstNumber + number
        let entry = self.plan.entry(number)
        self.ledger.attempt()
        var body = JSONWriter(reservedBytes: 256)
        self.plan.write(number, entry, to: &body)
        let key = entry.hasKey ? "Idempotency-Key: \(self.plan.chave(number))\r\n" : ""
        return writer.post("/v1/lancamentos", headers: "Content-Type: application/json\r\n" + key, body: body.bytes)
    }

    func take(_ number: Int, _ result: Result<HTTPAnswer, RequestFailure>) -> Outcome {
        let number = self.firstNumber + number
        switch result {
        case .success(let answer):
            switch answer.status {
            case 201:
                let entry = self.plan.entry(number)
                self.ledger.acknowledge(entry)
                self.probe?.consider(number, conta: self.plan.contas[entry.conta], dia: self.plan.dias[entry.dia], answer)
                return .accepted
            case 429: return .shed(hasRetryAfter: answer.retryAfterSeconds != nil)
            case 503:
                guard case .unclear(let id) = EntryOutcome(unavailable: try? JSONReader.read(answer.bytes)) else {
                    return .shed(hasRetryAfter: answer.retryAfterSeconds != nil)
                }
                self.ledger.leaveUnclear(number, id: id)
            case 400..<500: return .refused(status: answer.status)
            // Includes 200: every entry is sent once, so a replay is not expected.
            default: self.ledger.leaveUnclear(number)
            }
        // Certainly not registered.
        case .failure(.notSent): break
        case .failure: self.ledger.leaveUnclear(number)
        }
        return .unknown
    }
}

/// What an answer says about one entry.
enum EntryOutcome: Sendable, Equatable {
    case registered
    /// Certainly not registered.
    case refused
    /// It may or may not be registered. The id is known if the answer names it.
    case unclear(id: LancamentoID?)

    /// Reads the problem of a 503. Only `resultado-desconhecido` and an unreadable problem leave the outcome unclear.
    init(unavailable problem: JSONValue?) {
        if case .string(let type)? = problem?["type"], !type.hasSuffix("#resultado-desconhecido") {
            self = .refused
        } else if case .string(let id)? = problem?["id"] {
            self = .unclear(id: LancamentoID(parsing: id))
        } else {
            self = .unclear(id: nil)
        }
    }
}

/// Reads balances of a plan's accounts: a day in each request, or with `periods` the whole period in every fourth. Used only on the event loop.
final class ReadTraffic: Traffic {
    private let plan: EntryPlan
    private let periods: Bool

    init(plan: EntryPlan, periods: Bool) {
        self.plan = plan
        self.periods = periods
    }

    func request(_ number: Int, _ writer: RequestWriter) -> ByteBuffer {
        let entry = self.plan.entry(number)
        let conta = self.plan.contas[entry.conta]
        // Four in a row, because requests go to the instances in turn: each instance receives its share of periods.
        guard self.periods, number / 4 % 4 == 3 else {
            return writer.get("/v1/consolidados/\(self.plan.dias[entry.dia])?conta=\(conta)")
        }
        return writer.get("/v1/consolidados?conta=\(conta)&\(self.plan.period)")
    }

    func take(_ number: Int, _ result: Result<HTTPAnswer, RequestFailure>) -> Outcome {
        switch result {
        case .success(let answer):
            switch answer.status {
            case 200: .accepted
            case 429, 503: .shed(hasRetryAfter: answer.retryAfterSeconds != nil)
            default: .refused(status: answer.status)
            }
        case .failure: .unknown
        }
    }
}

/// The times from the 201 of an entry until a balance contains it.
struct VisibleMeasures: Sendable {
    /// Latencies of the followed entries that were seen.
    var latencies = Latencies()
    var segments = Segments()
    /// Entries not in the balance within ``VisibleProbe/waitSeconds``, or whose read failed.
    var notSeen = 0
    /// Entries not followed, because too many reads were waiting.
    var skipped = 0
}

/// Follows a share of the entries with a read that waits for them (`apos`, `Prefer: wait`). Used only on the event loop.
final class VisibleProbe {
    /// 5 %.
    static let everyEntries = 20
    static let waitSeconds = 5
    /// Concurrent reads of one instance. Each holds a connection while it waits.
    static let readsMax = 64

    private(set) var measures = VisibleMeasures()
    let endpoints: Endpoints
    private var underWay = 0

    init(_ addresses: [HTTPAddress], token: Token, eventLoop: any EventLoop) {
        self.endpoints = Endpoints(
            addresses, token: token, eventLoop: eventLoop,
            limits: .init(connectionsMax: Self.readsMax, answerMax: .seconds(Int64(2 * Self.waitSeconds))))
    }

    var isIdle: Bool { self.underWay == 0 }

    /// Follows the entry if it is one of the share.
    /// - Parameter answer: the 201, which contains the id.
    func consider(_ number: Int, conta: String, dia: Dia, _ answer: HTTPAnswer) {
        // Alternates between entries with and without a key.
        guard number % Self.everyEntries == (number / Self.everyEntries) % 2 else { return }
        guard case .string(let id)? = (try? JSONReader.read(answer.bytes))?["id"] else {
            self.measures.notSeen += 1
            return
        }
        guard let pool = self.endpoints.choose() else {
            self.measures.skipped += 1
            return
        }
        let request = pool.writer.get(
            "/v1/consolidados/\(dia)?conta=\(conta)&apos=\(id)", headers: "Prefer: wait=\(Self.waitSeconds)\r\n")
        let begin = NIODeadline.now()
        self.underWay += 1
        pool.send(request) { result in
            self.underWay -= 1
            if case .success(let answer) = result, answer.status == 200 {
                let elapsed = (NIODeadline.now() - begin).nanoseconds
                self.measures.latencies.record(nanoseconds: elapsed)
                self.measures.segments.record(nanoseconds: elapsed)
            } else {
                self.measures.notSeen += 1
            }
        }
    }

    func closeSecond() {
        self.measures.segments.closeSecond()
    }
}
