import Contrato
import FluxoDeCaixa

/// The outcomes of the entries of one lote, by their position in it.
struct LoteOutcome: Sendable {
    let first: Int
    /// One for each entry. An entry without an answer line is unclear.
    private(set) var lines: [EntryOutcome]
    /// The fault of the whole lote, if it is not 200.
    private(set) var fault: String?

    /// Reads the answer, which has a line of JSON for each entry.
    init(first: Int, count: Int, _ result: Result<HTTPAnswer, RequestFailure>) {
        self.first = first
        self.lines = Array(repeating: .unclear(id: nil), count: count)
        switch result {
        case .success(let answer) where answer.status == 200:
            for line in answer.bytes.split(separator: UInt8(ascii: "\n")) { self.take(line) }
        case .success(let answer):
            self.fault = "status \(answer.status)"
            // These are refused before the first entry is read.
            if (400..<500).contains(answer.status) || answer.status == 503 { self.lines = Array(repeating: .refused, count: count) }
        case .failure(let failure):
            self.fault = "\(failure)"
            if case .notSent = failure { self.lines = Array(repeating: .refused, count: count) }
        }
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>) {
        guard let line = try? JSONReader.read(bytes), let position = line["indice"]?.integer,
            self.lines.indices.contains(position), let status = line["status"]?.integer
        else {
            self.fault = "a line that is not of the form of a lote's answer"
            return
        }
        switch status {
        case 201: self.lines[position] = .registered
        case 400..<500: self.lines[position] = .refused
        case 503: self.lines[position] = EntryOutcome(unavailable: line["erro"])
        default: break
        }
    }
}

extension Ledger {
    mutating func take(_ lote: LoteOutcome, plan: EntryPlan) {
        for (position, line) in lote.lines.enumerated() {
            switch line {
            case .registered: self.acknowledge(plan.entry(lote.first + position))
            case .refused: break
            case .unclear(let id): self.leaveUnclear(lote.first + position, id: id)
            }
        }
    }
}

/// Sends entries of a plan by `/v1/lancamentos/lote` as NDJSON.
struct LoteSender: Sendable {
    /// About 1.7 MB; a lote may have 16 MiB.
    static let entriesMax = 10_000

    let plan: EntryPlan
    let sender: HTTPSender

    /// - Parameter count: at most ``entriesMax``.
    func send(first: Int, count: Int) async -> LoteOutcome {
        var body: [UInt8] = []
        body.reserveCapacity(count * 180)
        for number in first..<(first + count) {
            var line = JSONWriter(reservedBytes: 256)
            self.plan.write(number, self.plan.entry(number), to: &line, withKey: true)
            body += line.bytes
            body.append(UInt8(ascii: "\n"))
        }
        let complete = body
        let result: Result<HTTPAnswer, RequestFailure>
        do throws(RequestFailure) {
            result = .success(
                try await self.sender.send {
                    $0.post("/v1/lancamentos/lote", headers: "Content-Type: application/x-ndjson\r\n", body: complete)
                })
        } catch {
            result = .failure(error)
        }
        return LoteOutcome(first: first, count: count, result)
    }

    /// Sends concurrent lotes until the end time or until all entries are sent.
    /// - Returns: the faults of whole lotes and their counts.
    func fill(
        _ ledger: inout Ledger, entries: Int, until end: ContinuousClock.Instant?, lotesAtOnce: Int, onLote: (Ledger) -> Void
    ) async throws -> [String: Int] {
        var (faults, missing): ([String: Int], Int) = ([:], entries)
        try await withThrowingTaskGroup(of: LoteOutcome.self) { group in
            func begin() {
                let count = min(Self.entriesMax, missing)
                guard count > 0, end.map({ .now < $0 }) ?? true, !Task.isCancelled else { return }
                missing -= count
                let first = ledger.attempted
                ledger.attempt(count)
                group.addTask { await self.send(first: first, count: count) }
            }
            for _ in 0..<lotesAtOnce { begin() }
            while let outcome = try await group.next() {
                ledger.take(outcome, plan: self.plan)
                if let fault = outcome.fault { faults[fault, default: 0] += 1 }
                onLote(ledger)
                // Stops if the service refuses everything.
                guard faults.values.reduce(0, +) < 100 else { throw BenchFailure("lotes fail: \(faults)") }
                begin()
            }
        }
        try Task.checkCancellation()
        return faults
    }
}
