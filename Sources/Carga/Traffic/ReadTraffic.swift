import FluxoDeCaixa
import NIOCore

/// Reads balances of a plan's accounts: days, or three days for one period. Used on the event loop only.
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
        // Four in a row, because requests go to the instances in turn: each instance gets its share.
        guard self.periods, number / 4 % 4 == 3, let first = self.plan.dias.first, let last = self.plan.dias.last else {
            return writer.get("/v1/consolidados/\(self.plan.dias[entry.dia])?conta=\(conta)")
        }
        return writer.get("/v1/consolidados?conta=\(conta)&de=\(first)&ate=\(last)")
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
