import Foundation

/// How the processors of this machine were used between two readings of ``MachineTime``.
struct MachineUse: Sendable, Equatable {
    /// The share of the time in which the processors did work.
    let busy: Double
    /// The share in which the host gave them to other virtual machines. Latencies that are measured meanwhile say little.
    let stolen: Double

    /// Returns `nil` if no time has passed.
    init?(from begin: MachineTime, to end: MachineTime) {
        let total = end.total - begin.total
        guard total > 0 else { return nil }
        self.busy = Double(end.busy - begin.busy) / Double(total)
        self.stolen = Double(end.stolen - begin.stolen) / Double(total)
    }
}

/// The time of all processors since the machine started, in clock ticks.
struct MachineTime: Sendable, Equatable {
    let busy: Int
    let stolen: Int
    let total: Int

    /// Reads `/proc/stat`; nil where there is none.
    static func now() -> MachineTime? {
        FileManager.default.contents(atPath: "/proc/stat").flatMap { MachineTime(stat: String(decoding: $0, as: UTF8.self)) }
    }

    /// Reads the first line of `/proc/stat`: `cpu user nice system idle iowait irq softirq steal …` (proc(5)). The fields after that are parts
    /// of the first two.
    init?(stat: String) {
        let fields = stat.prefix { $0 != "\n" }.split(separator: " ")
        let ticks = fields.dropFirst().prefix(8).compactMap { Int($0) }
        guard fields.first == "cpu", ticks.count == 8 else { return nil }
        self.total = ticks.reduce(0, +)
        self.stolen = ticks[7]
        self.busy = self.total - self.stolen - ticks[3] - ticks[4]
    }
}
