import Foundation
import Testing

@testable import Observability

@Suite struct ProcessMetricsTests {
    private static let units = ProcessMetrics.Units(ticksPerSecond: 100, pageBytes: 4096)
    /// Fields 3 to 24: utime is 14, stime 15, starttime 22, rss 24.
    private static let fields = "S 1 2 3 0 -1 4194304 5 6 7 8 150 75 0 0 20 0 9 0 123456 1073741824 2048"

    private static func read(
        stat: String, systemStat: String = "cpu 1 2 3\nbtime 1700000000\nctxt 5\n",
        limits: String =
            "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files\n",
        openFiles: Int? = 12
    ) -> ProcessMetrics {
        ProcessMetrics(stat: stat, systemStat: systemStat, limits: limits, openFiles: openFiles, units: self.units)
    }

    @Test(arguments: ["7 (lancamentos) ", "7 (a) b (c d) "])
    func `counts are in base units, whatever the program's name`(beginning: String) {
        #expect(
            Self.read(stat: beginning + Self.fields).values == [
                "process_cpu_seconds_total": 2.25, "process_max_fds": 1024, "process_open_fds": 12,
                "process_resident_memory_bytes": 8_388_608, "process_start_time_seconds": 1_700_001_234.56,
            ])
    }

    @Test func `the text is that of the exposition format`() {
        let text = Self.read(stat: "7 (a) " + Self.fields).exposition
        #expect(text.contains("# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 2.25\n"))
        #expect(text.contains("# TYPE process_open_fds gauge\nprocess_open_fds 12\n"))
        #expect(text.split(separator: "\n").count == 15 && text.hasSuffix("\n"))
    }

    @Test func `what cannot be read is left out`() {
        #expect(Self.read(stat: "", systemStat: "", limits: "", openFiles: nil).exposition.isEmpty)
        #expect(
            Self.read(stat: "7 (a) S 1 2", systemStat: "", limits: "Max open files  unlimited  unlimited  files").values.keys.sorted() == [
                "process_max_fds", "process_open_fds",
            ])
    }

    @Test func `this process is measured`() throws {
        let values = ProcessMetrics.read().values
        #expect(Set(values.keys) == Set(ProcessMetrics.descriptions.map(\.name)))
        let start = try #require(values["process_start_time_seconds"])
        #expect((0...86_400).contains(Date.now.timeIntervalSince1970 - start))
        #expect(try #require(values["process_resident_memory_bytes"]) > 1_000_000)
        let (open, most) = (try #require(values["process_open_fds"]), try #require(values["process_max_fds"]))
        #expect(open >= 3 && open <= most)
        #expect(ProcessMetrics.descriptions.allSatisfy { $0.exposedName == $0.name })
    }
}
