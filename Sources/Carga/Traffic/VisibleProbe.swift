import Contrato
import FluxoDeCaixa
import NIOCore

/// How long entries take from their 201 until a balance has them.
struct VisibleMeasures: Sendable {
    /// Of those that were followed and seen.
    var latencies = Latencies()
    var segments = Segments()
    /// Not in the balance within ``VisibleProbe/waitSeconds``, or the read failed.
    var notSeen = 0
    /// Not followed, because so many reads were waiting already.
    var skipped = 0
}

/// Follows a share of the entries with a read that waits for them (`apos`, `Prefer: wait`). Used on the event loop only.
final class VisibleProbe {
    /// 5 %.
    static let everyEntries = 20
    static let waitSeconds = 5
    /// Reads under way to one instance; each holds a connection while it waits.
    static let readsMax = 64

    private(set) var measures = VisibleMeasures()
    private let endpoints: Endpoints
    private var underWay = 0

    init(_ addresses: [HTTPAddress], token: Token, eventLoop: any EventLoop) {
        self.endpoints = Endpoints(
            addresses, token: token, eventLoop: eventLoop,
            limits: .init(connectionsMax: Self.readsMax, answerMax: .seconds(Int64(2 * Self.waitSeconds))))
    }

    var isIdle: Bool { self.underWay == 0 }

    /// Follows the entry if it is its turn.
    /// - Parameter answer: the 201, which names it.
    func consider(_ number: Int, conta: String, dia: Dia, _ answer: HTTPAnswer) {
        // Entries with and without a key take turns, so both are followed.
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

    func enforceDeadlines(_ now: NIODeadline) {
        self.endpoints.enforceDeadlines(now)
    }

    func closeSecond() {
        self.measures.segments.closeSecond()
    }

    func close() {
        self.endpoints.close()
    }
}
