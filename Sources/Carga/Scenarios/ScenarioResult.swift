/// A number that a scenario was run for.
struct Figure: Sendable {
    /// For machines: never changed, only added to.
    let name: String
    /// For people.
    let label: String
    let value: Double
    let unit: String
    /// How it stands to what bounds it, if that was measured.
    var ratio: Ratio?
}

/// A figure beside the limit of the parts that it is made of.
struct Ratio: Sendable, Equatable {
    let value: Double
    /// What the limit is of, for people.
    let of: String
    /// What is aimed at.
    let target: Double

    var isMet: Bool { self.value >= self.target }
}

/// What a scenario found.
struct ScenarioResult: Sendable {
    enum Verdict: Sendable, Equatable {
        case passed
        /// The system did not do what the scenario asks for; why.
        case failed(String)
        /// carga could not make the load: nothing is said of the system; why.
        case notOffered(String)
        /// It was not run; why.
        case skipped(String)
    }

    let name: Scenario
    /// What was done, in a line.
    var description = ""
    var verdict = Verdict.passed
    var figures: [Figure] = []
    /// Streams of requests that were measured; of a search, those of the highest step that held.
    var streams: [StreamMeasures] = []
    var visible: VisibleMeasures?
    /// Steps of a search, parts of a run: a line each.
    var notes: [String] = []
    var audit: AuditReport?
    /// Processor time of carga itself and the time it passed in.
    var ownCPU: Duration = .zero
    var wall: Duration = .zero
    /// What the processes of the system used, if a command that tells was given.
    var processes: [ProcessUsage] = []

    /// Fails it, unless it has failed already.
    mutating func fail(_ reason: String) {
        if self.verdict == .passed { self.verdict = .failed(reason) }
    }

    /// How many cores the services kept busy; nil where nobody told.
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
    /// The most memory that it had, in KiB.
    let peakKiB: Int
}
