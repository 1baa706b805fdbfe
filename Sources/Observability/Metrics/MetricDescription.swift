/// The type and the help text of a metric, and the buckets of a histogram.
package struct MetricDescription: Sendable {
    package enum Kind: String, Sendable {
        case counter
        case gauge
        /// Timers, in seconds, and recorders.
        case histogram
    }

    /// The name without the prefix `fluxo_`.
    package let name: String
    package let kind: Kind
    /// One line, shown as HELP.
    package let help: String
    /// Upper bounds of the buckets in the metric's base unit, ascending; empty for other types.
    package let buckets: [Double]
    /// Whether ``exposedName`` begins with `fluxo_`.
    var hasPrefix = true

    package static func counter(_ name: String, _ help: String) -> Self { Self(name: name, kind: .counter, help: help, buckets: []) }

    package static func gauge(_ name: String, _ help: String) -> Self { Self(name: name, kind: .gauge, help: help, buckets: []) }

    package static func histogram(_ name: String, _ help: String, buckets: [Double] = Self.seconds) -> Self {
        Self(name: name, kind: .histogram, help: help, buckets: buckets)
    }

    /// The name in `/metrics`.
    package var exposedName: String { self.hasPrefix ? PrometheusText.name(self.name) : self.name }

    /// Half a millisecond to half a minute, for durations in seconds.
    package static let seconds: [Double] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    /// 1 to 8192, for numbers of rows or messages.
    package static let counts: [Double] = (0...13).map { Double(1 << $0) }
    /// 10 ms to a day, for ages in seconds.
    package static let ages: [Double] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 86_400]
}
