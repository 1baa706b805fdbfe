import Foundation

/// What the kernel counts for this process, under the names that all Prometheus clients use, without the prefix `fluxo_`.
///
/// Source: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
package struct ProcessMetrics: Equatable {
    package static let descriptions: [MetricDescription] = [
        .process("process_cpu_seconds_total", .counter, "Processor time in user and kernel mode."),
        .process("process_max_fds", .gauge, "File descriptors that the process may have open."),
        .process("process_open_fds", .gauge, "File descriptors that the process has open."),
        .process("process_resident_memory_bytes", .gauge, "Resident memory."),
        .process("process_start_time_seconds", .gauge, "When the process started, in seconds since 1970."),
    ]

    /// The units in which the kernel counts.
    struct Units {
        var ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
        var pageBytes = Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// By name. What could not be read is left out.
    private(set) var values: [String: Double] = [:]

    /// - Parameters:
    ///   - stat: `/proc/self/stat`.
    ///   - systemStat: `/proc/stat`.
    ///   - limits: `/proc/self/limits`.
    ///   - openFiles: the number of entries of `/proc/self/fd`.
    init(stat: String, systemStat: String, limits: String, openFiles: Int?, units: Units = Units()) {
        // The second field is the program's name in parentheses, which may contain spaces and parentheses: proc_pid_stat(5).
        let fields = stat.lastIndex(of: ")").map { stat[stat.index(after: $0)...].split(separator: " ") } ?? []
        func field(_ number: Int) -> Double? { fields.indices.contains(number - 3) ? Double(fields[number - 3]) : nil }
        if let user = field(14), let kernel = field(15) {
            self.values["process_cpu_seconds_total"] = (user + kernel) / units.ticksPerSecond
        }
        let boot = Self.words(systemStat, after: "btime").first.flatMap { Double($0) }
        if let boot, let start = field(22) { self.values["process_start_time_seconds"] = boot + start / units.ticksPerSecond }
        if let pages = field(24) { self.values["process_resident_memory_bytes"] = pages * units.pageBytes }
        switch Self.words(limits, after: "Max open files").first {
        case "unlimited"?: self.values["process_max_fds"] = .infinity
        case let number?: self.values["process_max_fds"] = Double(number)
        case nil: break
        }
        if let openFiles { self.values["process_open_fds"] = Double(openFiles) }
    }

    /// The words that follow `name` in the line that begins with it.
    private static func words(_ text: String, after name: String) -> [Substring] {
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line?.dropFirst(name.count).split(separator: " ") ?? []
    }

    /// Reads the counts as they are now.
    package static func read() -> ProcessMetrics {
        func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
        // One of the entries is the descriptor that reads them.
        let entries = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count - 1
        return ProcessMetrics(
            stat: text("/proc/self/stat"), systemStat: text("/proc/stat"), limits: text("/proc/self/limits"), openFiles: entries)
    }

    /// In the text format of `/metrics`.
    package var exposition: String {
        Self.descriptions.reduce(into: "") { text, metric in
            guard let value = self.values[metric.name] else { return }
            text += "# HELP \(metric.name) \(metric.help)\n# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            text += "\(metric.name) \(PrometheusText.number(value))\n"
        }
    }
}

extension MetricDescription {
    fileprivate static func process(_ name: String, _ kind: Kind, _ help: String) -> Self {
        Self(name: name, kind: kind, help: help, buckets: [], hasPrefix: false)
    }
}
