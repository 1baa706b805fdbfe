/// The Prometheus text exposition format 0.0.4: names, labels, escaping, numbers.
///
/// Source: https://prometheus.io/docs/instrumenting/exposition_formats/
enum PrometheusText {
    /// `fluxo_` and the label, with every character that a metric name may not have replaced by `_`.
    static func name(_ label: String) -> String {
        "fluxo_" + self.identifier(label)
    }

    /// `{a="1",b="2"}`, sorted by name so that the order of the caller makes no second series; empty without labels.
    static func labels(_ dimensions: [(String, String)]) -> String {
        guard !dimensions.isEmpty else { return "" }
        let pairs = dimensions.sorted { $0.0 < $1.0 }.map { "\(self.identifier($0.0))=\"\(self.escaped($0.1, quotes: true))\"" }
        return "{" + pairs.joined(separator: ",") + "}"
    }

    static func write(name: String, family: PrometheusRegistry.Family, into text: inout String) {
        text += "# HELP \(name) \(self.escaped(family.help, quotes: false))\n# TYPE \(name) \(family.kind.rawValue)\n"
        for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
            switch series {
            case .counter(let counter): text += "\(name)\(labels) \(counter.current)\n"
            case .gauge(let gauge): text += "\(name)\(labels) \(self.number(gauge.current))\n"
            case .histogram(let histogram): self.write(name: name, labels: labels, histogram: histogram, into: &text)
            }
        }
    }

    private static func write(name: String, labels: String, histogram: HistogramSeries, into text: inout String) {
        let reading = histogram.current
        let open = labels.isEmpty ? "{" : labels.dropLast() + ","
        var cumulated: UInt64 = 0
        for (index, count) in reading.counts.enumerated() {
            cumulated += count
            let bound = index < histogram.bounds.count ? self.number(histogram.bounds[index]) : "+Inf"
            text += "\(name)_bucket\(open)le=\"\(bound)\"} \(cumulated)\n"
        }
        text += "\(name)_sum\(labels) \(self.number(reading.sum))\n\(name)_count\(labels) \(cumulated)\n"
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return "\(value)"
    }

    private static func identifier(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
            let isDigit = ("0"..."9").contains(scalar)
            scalars.append(isLetter || (isDigit && !scalars.isEmpty) ? scalar : "_")
        }
        return String(scalars)
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": scalars.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": scalars.append(contentsOf: "\\n".unicodeScalars)
            case "\"" where quotes: scalars.append(contentsOf: "\\\"".unicodeScalars)
            default: scalars.append(scalar)
            }
        }
        return String(scalars)
    }
}
