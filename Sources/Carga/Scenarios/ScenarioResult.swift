struct Figure: Sendable {
    /// The name in the JSON. Names never change; new ones are added.
    let name: String
    /// The label in the table.
    let label: String
    let value: Double
    let unit: String
    /// Its ratio to the limit that bounds it, if that was measured.
    var ratio: Ratio?
}

/// The ratio of a figure to the limit of its parts.
struct Ratio: Sendable, Equatable {
    let value: Double
    let of: String
    let target: Double

    var isMet: Bool { self.value >= self.target }
}

struct ScenarioResult: Sendable {
    enum Verdict: Sendable, Equatable {
        case passed
        /// The system did not meet the scenario, with the reason.
        case failed(String)
        /// carga could not make the load, with the reason. It says nothing about the system.
        case notOffered(String)
        case skipped(String)
    }

    let name: Scenario
    /// One line about what was done.
    var description = ""
    var verdict = Verdict.passed
    var figures: [Figure] = []
    /// The measured streams; for a search those of the highest step that held.
    var streams: [StreamMeasures] = []
    var visible: VisibleMeasures?
    /// A line for each step of a search or part of a run.
    var notes: [String] = []
    var audit: AuditReport?
    /// Processor time of carga itself, and the elapsed time.
    var ownCPU: Duration = .zero
    var wall: Duration = .zero
    /// How this machine's processors were used; nil where the system does not say.
    var machine: MachineUse?
    /// What the processes of the system used, if a command that measures it was given.
    var processes: [ProcessUsage] = []

    /// Marks the scenario as failed, unless it has failed already.
    mutating func fail(_ reason: String) {
        if self.verdict == .passed { self.verdict = .failed(reason) }
    }

    /// The number of cores that the services kept busy; nil if it was not measured.
    var coresOfServices: Double? {
        let services = self.processes.filter { ["lancamentos", "consolidado"].contains($0.name) }
        guard !services.isEmpty, self.wall > .zero else { return nil }
        return services.map(\.cpu).reduce(.zero, +) / self.wall
    }

    mutating func take(_ result: LoadResult) {
        self.streams = result.streams
        self.visible = result.visible
        self.ownCPU += result.ownCPU
        self.wall += result.wall
        guard let reason = result.streams.compactMap(\.notOffered).first, self.verdict == .passed else { return }
        self.verdict = .notOffered(reason)
    }

    mutating func take(_ audit: AuditReport) {
        self.audit = audit
        if !audit.passes { self.fail("the audit found differences") }
    }
}

/// What one process of the system used during a scenario.
struct ProcessUsage: Sendable, Equatable {
    let name: String
    let cpu: Duration
    let peakKiB: Int
}

enum Scenario: String, CaseIterable, Sendable {
    case pico
    case limite
    case lote
    case leitura
    case rajada
    case escala
    case sobrecarga
    case estavel
    case eventos
    case crescimento

    static let usual: [Scenario] = [.pico, .limite, .lote, .leitura, .rajada, .escala, .sobrecarga]

    var help: String {
        switch self {
        case .pico: "the peak: writes and reads at constant rates (default: 500/s each for 60 s)"
        case .limite: "the highest rate of writes held with p99 < 100 ms and nothing lost, by steps"
        case .lote: "entries a second by /v1/lancamentos/lote"
        case .leitura: "the highest rate of reads held with p99 < 100 ms, by steps"
        case .rajada: "consolidado stopped while entries arrive (default: 60 s), then started: how fast it drains (needs --escalar)"
        case .escala: "a backlog drained by 1, 2 and 4 consumers (needs --escalar)"
        case .sobrecarga: "twice what the system carries: it sheds, stays fast for what it accepts, recovers within 5 s"
        case .estavel: "10 minutes at half the limit"
        case .eventos: "the peak with and without open streams of events (default: 2,000), in turns: what they cost the reads"
        case .crescimento: "10 million entries by default; checks the disk first (needs --disco)"
        }
    }
}
