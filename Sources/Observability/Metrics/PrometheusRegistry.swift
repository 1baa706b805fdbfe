package import CoreMetrics
package import Logging
import NIOConcurrencyHelpers

/// Holds the metrics of the process and writes them in the Prometheus text format 0.0.4.
///
/// Every series has its own lock, held for a few additions; the registry's lock is held only to find or make a series, which callers do
/// once (`Counter`, `Timer` … of swift-metrics keep their handler).
/// Names have the prefix `fluxo_`. Timers are histograms in seconds. A recorder is a histogram, or a gauge if it does not aggregate (`Gauge`).
package final class PrometheusRegistry: MetricsFactory {
    /// Series of one name; further label values are counted together as `outros`.
    static let seriesMax = 500

    enum Series {
        case counter(CounterSeries)
        case gauge(GaugeSeries)
        case histogram(HistogramSeries)
    }

    struct Family {
        let kind: MetricDescription.Kind
        let help: String
        /// By the rendered labels (`{motivo="invalido"}`, or empty), so that one set of labels is one series.
        var series: [String: Series] = [:]
    }

    private let families = NIOLockedValueBox<[String: Family]>([:])
    private let descriptions: [String: MetricDescription]
    private let logger: Logger
    private let readAtScrape: @Sendable () -> String

    /// - Parameters:
    ///   - descriptions: help and buckets by name; a metric without one has its name as help and buckets for seconds.
    ///   - logger: receives an error when a name is used for two types.
    ///   - readAtScrape: returns the text of metrics that are read only when they are asked for.
    package init(
        descriptions: [MetricDescription], logger: Logger, readAtScrape: @escaping @Sendable () -> String = { "" }
    ) {
        self.descriptions = Dictionary(descriptions.map { ($0.name, $0) }) { first, _ in first }
        self.logger = logger
        self.readAtScrape = readAtScrape
    }

    // MARK: - MetricsFactory

    // A metric whose name is in use for another type is discarded: a metric must not stop a service.

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        if case .counter(let series)? = self.series(label, dimensions, .counter) { series } else { NOOPMetricsHandler.instance }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        if case .gauge(let series)? = self.series(label, dimensions, .gauge) { series } else { NOOPMetricsHandler.instance }
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        switch self.series(label, dimensions, aggregate ? .histogram : .gauge) {
        case .gauge(let series)?: series
        case .histogram(let series)?: series
        default: NOOPMetricsHandler.instance
        }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        if case .histogram(let series)? = self.series(label, dimensions, .histogram) { series } else { NOOPMetricsHandler.instance }
    }

    // A series exists as long as the process: one that disappears and reappears reads as a counter reset.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    // MARK: - Series

    private func series(_ label: String, _ dimensions: [(String, String)], _ kind: MetricDescription.Kind) -> Series? {
        let name = PrometheusText.name(label)
        let description = self.descriptions[label]
        let labels = PrometheusText.labels(dimensions)
        let found: Series? = self.families.withLockedValue { families in
            var family = families[name] ?? Family(kind: kind, help: description?.help ?? label)
            guard family.kind == kind else { return nil }
            if let known = family.series[labels] { return known }
            let full = family.series.count >= Self.seriesMax
            let key = full ? PrometheusText.labels(dimensions.map { ($0.0, "outros") }) : labels
            if let known = family.series[key] { return known }
            let made: Series =
                switch kind {
                case .counter: .counter(CounterSeries())
                case .gauge: .gauge(GaugeSeries())
                case .histogram: .histogram(HistogramSeries(bounds: description?.buckets ?? MetricDescription.seconds))
                }
            family.series[key] = made
            families[name] = family
            return made
        }
        if found == nil {
            self.logger.error("metric name used for two types", metadata: ["name": "\(name)", "type": "\(kind)"])
        }
        return found
    }

    // MARK: - Exposition

    /// `Content-Type` of ``exposition()``.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All metrics as text, names and label sets in order; after them those that are read now.
    package func exposition() -> String {
        let families = self.families.withLockedValue { $0 }
        var text = ""
        text.reserveCapacity(16_384)
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            PrometheusText.write(name: name, family: family, into: &text)
        }
        text += self.readAtScrape()
        return text
    }
}
