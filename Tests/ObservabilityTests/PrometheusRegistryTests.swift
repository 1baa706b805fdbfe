import CoreMetrics
import Logging
import Metrics
import Testing

@testable import Observability

@Suite struct PrometheusRegistryTests {
    let registry = PrometheusRegistry(
        descriptions: [
            MetricDescription.counter("jobs_total", "Jobs \\ done\nso far."),
            MetricDescription.histogram("wait_seconds", "Wait.", buckets: [0.1, 1]),
            MetricDescription.histogram("rows", "Rows.", buckets: [1, 2, 4]),
        ], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    @Test func counterWithEscapedLabelsAndHelp() {
        let counter = Counter(label: "jobs_total", dimensions: [("z", "a\"b\\c\nd"), ("a", "1")], factory: registry)
        counter.increment()
        counter.increment(by: 41)
        counter.increment(by: -5)
        #expect(
            registry.exposition() == """
                # HELP fluxo_jobs_total Jobs \\\\ done\\nso far.
                # TYPE fluxo_jobs_total counter
                fluxo_jobs_total{a="1",z="a\\"b\\\\c\\nd"} 42

                """)
    }

    @Test func histogramIsCumulativeAndInBaseUnits() {
        let timer = Timer(label: "wait_seconds", dimensions: [("pool", "x")], factory: registry)
        timer.recordNanoseconds(100_000_000)
        timer.recordNanoseconds(500_000_000)
        timer.recordNanoseconds(2_000_000_000)
        #expect(
            registry.exposition() == """
                # HELP fluxo_wait_seconds Wait.
                # TYPE fluxo_wait_seconds histogram
                fluxo_wait_seconds_bucket{pool="x",le="0.1"} 1
                fluxo_wait_seconds_bucket{pool="x",le="1"} 2
                fluxo_wait_seconds_bucket{pool="x",le="+Inf"} 3
                fluxo_wait_seconds_sum{pool="x"} 2.6
                fluxo_wait_seconds_count{pool="x"} 3

                """)
    }

    @Test func recorderIsHistogramAndGaugeIsGauge() {
        Recorder(label: "rows", factory: registry).record(3)
        Recorder(label: "rows", factory: registry).record(Double.nan)
        Gauge(label: "pool_in_use", factory: registry).record(7)
        Meter(label: "level", factory: registry).increment(by: 1.5)
        let text = registry.exposition()
        #expect(text.contains("fluxo_rows_bucket{le=\"2\"} 0\nfluxo_rows_bucket{le=\"4\"} 1\n"))
        #expect(text.contains("fluxo_rows_sum 3\nfluxo_rows_count 1\n"))
        #expect(text.contains("# TYPE fluxo_pool_in_use gauge\nfluxo_pool_in_use 7\n"))
        #expect(text.contains("fluxo_level 1.5\n"))
    }

    @Test func sameLabelsInAnotherOrderAreTheSameSeries() {
        Counter(label: "c", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
        Counter(label: "c", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
        #expect(registry.exposition().contains("fluxo_c{a=\"1\",b=\"2\"} 2\n"))
    }

    @Test func nameOfAnotherTypeIsDiscarded() {
        Counter(label: "x", factory: registry).increment()
        Gauge(label: "x", factory: registry).record(9)
        Timer(label: "x", factory: registry).recordNanoseconds(9)
        Meter(label: "x", factory: registry).set(9)
        #expect(registry.exposition() == "# HELP fluxo_x x\n# TYPE fluxo_x counter\nfluxo_x 1\n")
    }

    @Test func labelValuesAreBounded() {
        for value in 0..<(PrometheusRegistry.seriesMax + 10) {
            Counter(label: "many", dimensions: [("v", "\(value)")], factory: registry).increment()
        }
        let lines = registry.exposition().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines.count == PrometheusRegistry.seriesMax + 1)
        #expect(lines.contains("fluxo_many{v=\"outros\"} 10"))
    }

    @Test func namesAreMadeValid() {
        #expect(PrometheusText.name("a.b-c é") == "fluxo_a_b_c__")
        #expect(PrometheusText.labels([("1a", "x")]) == "{_a=\"x\"}")
        #expect(PrometheusText.number(.infinity) == "+Inf")
        #expect(PrometheusText.number(-.infinity) == "-Inf")
        #expect(PrometheusText.number(.nan) == "NaN")
        #expect(PrometheusText.number(0.25) == "0.25")
    }

    @Test func nothingIsLostUnderContention() async {
        let counter = Counter(label: "jobs_total", factory: registry)
        let timer = Timer(label: "wait_seconds", factory: registry)
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        counter.increment()
                        timer.recordNanoseconds(1)
                        Counter(label: "other", dimensions: [("a", "b")], factory: registry).increment()
                    }
                }
            }
            group.addTask { for _ in 0..<50 { _ = registry.exposition() } }
        }
        let text = registry.exposition()
        #expect(text.contains("fluxo_jobs_total 8000\n"))
        #expect(text.contains("fluxo_wait_seconds_count 8000\n"))
        #expect(text.contains("fluxo_other{a=\"b\"} 8000\n"))
    }
}
