import FluxoDeCaixa

enum ResultsTable {
    static func text(_ results: [ScenarioResult]) -> String {
        results.map { self.lines($0).joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
    }

    private static func lines(_ result: ScenarioResult) -> [String] {
        var lines = ["\(Text.left(result.name.rawValue, 12)) \(self.verdict(result.verdict))"]
        if !result.description.isEmpty { lines.append("  \(result.description)") }
        if case .skipped = result.verdict { return lines }
        lines += result.notes.map { "  - \($0)" }
        // Without the full load only the audit of what was sent is meaningful.
        if case .notOffered = result.verdict {
            lines += self.audit(result.audit) + self.machine(result)
            return lines
        }
        for figure in result.figures {
            lines.append("  \(Text.left(figure.label, 44)) \(Text.right(self.value(figure), 12)) \(figure.unit)")
            if let ratio = figure.ratio { lines.append("  \(Text.left("", 44)) \(self.ratio(ratio))") }
        }
        lines += self.streams(result)
        lines += self.audit(result.audit)
        lines += self.processors(result)
        return lines
    }

    private static func verdict(_ verdict: ScenarioResult.Verdict) -> String {
        switch verdict {
        case .passed: "ok"
        case .failed(let reason): "FAILED: \(reason)"
        case .notOffered(let reason): "NOT OFFERED, so no rate is reported: \(reason)"
        case .skipped(let reason): "not run: \(reason)"
        }
    }

    private static func value(_ figure: Figure) -> String {
        abs(figure.value) >= 100 || figure.value == figure.value.rounded() ? Text.rate(figure.value) : Text.decimals(figure.value, 2)
    }

    private static func ratio(_ ratio: Ratio) -> String {
        let verdict = ratio.isMet ? "met" : "missed"
        return "\(Text.right(Text.decimals(ratio.value, 2), 12)) of \(ratio.of) (target \(Text.decimals(ratio.target, 2)): \(verdict))"
    }

    private static func streams(_ result: ScenarioResult) -> [String] {
        guard !result.streams.isEmpty || result.visible != nil else { return [] }
        let columns = ["offered/s", "accepted/s", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "max ms", "shed", "refused", "unclear"]
        var lines = ["  " + Text.left("", 10) + columns.map { Text.right($0, 11) }.joined()]
        for stream in result.streams {
            let cells =
                [Text.rate(stream.offeredPerSecond), Text.rate(stream.acceptedPerSecond)] + self.percentiles(stream.latencies)
                + [stream.shed, stream.refusedCount, stream.unknown].map { Text.grouped($0) }
            lines.append("  " + Text.left(stream.name, 10) + cells.map { Text.right($0, 11) }.joined())
        }
        if let visible = result.visible {
            let cells = ["", Text.grouped(Int(visible.latencies.count)) + " seen"] + self.percentiles(visible.latencies)
            lines.append("  " + Text.left("visible", 10) + cells.map { Text.right($0, 11) }.joined())
            if visible.notSeen > 0 { lines.append("  \(visible.notSeen) followed entries were not in the balance in time") }
            if visible.skipped > 0 { lines.append("  \(visible.skipped) entries were not followed: too many reads waited already") }
        }
        for stream in result.streams {
            if stream.waitingMax > 0 {
                let waited = Text.grouped(stream.waitingMax)
                lines.append(
                    "  every connection of \(stream.name) was busy: up to \(waited) requests waited in carga, their latency growing")
            }
            if stream.neverSent > 0 { lines.append("  \(Text.grouped(stream.neverSent)) \(stream.name) were never sent") }
            if !stream.refused.isEmpty {
                let statuses = stream.refused.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
                lines.append("  \(stream.name) refused: \(statuses.joined(separator: ", "))")
            }
        }
        return lines
    }

    private static func percentiles(_ latencies: Latencies) -> [String] {
        [50, 90, 99, 99.9, 100].map { Text.ms(latencies.percentileMs($0)) }
    }

    private static func audit(_ audit: AuditReport?) -> [String] {
        guard let audit else { return [] }
        let counts = [
            ("attempted", audit.attempted), ("acknowledged", audit.acknowledged), ("unclear", audit.unclear), ("lost", audit.lost),
            ("duplicated", audit.duplicated), ("unexpected", audit.unexpected),
        ]
        let counted = counts.map { "\($0.0) \(Text.grouped($0.1))" }.joined(separator: ", ")
        var lines = ["  audit: \(counted); waited \(Text.decimals(audit.waited / .seconds(1), 1)) s"]
        if audit.lost > 0 { lines.append("  lost are \(Text.decimals(100 * audit.lostShare, 2)) % of what was acknowledged") }
        if audit.unclear > 0 {
            let (registered, absent) = (audit.settledAsRegistered, audit.settledAsAbsent)
            lines.append("  of the unclear \(registered) were registered, \(absent) were not, \(audit.unsettled) could not be settled")
        }
        for difference in audit.differences { lines.append("  ! \(self.difference(difference))") }
        if audit.differingDays > audit.differences.count {
            lines.append("  ! and \(audit.differingDays - audit.differences.count) days more")
        }
        return lines
    }

    private static func difference(_ difference: DayDifference) -> String {
        func text(_ sum: DaySum) -> String {
            "\(sum.quantidadeCreditos) credits \(Text.money(sum.creditosCentavos)), "
                + "\(sum.quantidadeDebitos) debits \(Text.money(sum.debitosCentavos))"
        }
        return "\(difference.conta) \(difference.dia): expected \(text(difference.expected)); seen \(text(difference.seen))"
            + (difference.hasWrongBalance ? "; its balance does not follow from its days" : "")
    }

    private static func machine(_ result: ScenarioResult) -> [String] {
        guard let machine = result.machine else { return [] }
        let (busy, stolen) = (Text.decimals(100 * machine.busy, 0), Text.decimals(100 * machine.stolen, 0))
        return ["  the machine was \(busy) % busy" + (stolen == "0" ? "" : "; its host took \(stolen) % for others")]
    }

    private static func processors(_ result: ScenarioResult) -> [String] {
        guard result.wall > .zero else { return [] }
        var lines = self.machine(result) + ["  carga used \(Text.decimals(100 * (result.ownCPU / result.wall), 0)) % of one processor"]
        for process in result.processes {
            let cpu = Text.decimals(process.cpu / .seconds(1), 1)
            lines.append("  \(Text.left(process.name, 20)) \(Text.right(cpu, 8)) s of processor, at most \(process.peakKiB / 1024) MiB")
        }
        return lines
    }
}

enum Text {
    /// A whole number, with thousands separated from 10,000 on.
    static func rate(_ value: Double) -> String {
        guard value.isFinite else { return "-" }
        return self.grouped(Int(value.rounded()))
    }

    /// Milliseconds with about three significant digits.
    static func ms(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "-" }
        return switch value {
        case ..<10: self.decimals(value, 2)
        case ..<100: self.decimals(value, 1)
        default: self.grouped(Int(value.rounded()))
        }
    }

    /// A number with a fixed count of decimals and no exponent.
    static func decimals(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "-" }
        var scale: Int64 = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int64((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(scaled)" }
        return "\(sign)\(scaled / scale).\(String(scaled % scale + scale).dropFirst())"
    }

    /// A count, with thousands separated from 10,000 on.
    static func grouped(_ value: Int) -> String {
        value < 10_000 ? "\(value)" : self.thousands(value)
    }

    private static func thousands(_ value: Int) -> String {
        value < 1000 ? "\(value)" : "\(self.thousands(value / 1000)),\(String(value % 1000 + 1000).dropFirst())"
    }

    static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    static func money(_ centavos: Int128) -> String { Quantia(centavos: centavos).description }
}
