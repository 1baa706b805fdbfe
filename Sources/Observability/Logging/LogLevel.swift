package import Logging
import Synchronization

/// The level below which a process writes no lines; it may change while the process runs.
///
/// A read is one relaxed load: it guards every line that is not written.
package final class LogLevel: Sendable {
    private let position: Atomic<Int>

    package init(_ level: Logger.Level) {
        self.position = Atomic(Self.position(of: level))
    }

    package var current: Logger.Level {
        get { Logger.Level.allCases[self.position.load(ordering: .relaxed)] }
        set { self.position.store(Self.position(of: newValue), ordering: .relaxed) }
    }

    /// The next level, or the same one at the end of the scale.
    /// - Parameter isMore: true: the level that writes more lines; false: fewer.
    static func step(from level: Logger.Level, isMore: Bool) -> Logger.Level {
        let position = self.position(of: level) + (isMore ? -1 : 1)
        return Logger.Level.allCases[min(max(position, 0), Logger.Level.allCases.count - 1)]
    }

    /// From `trace`, the lowest, upwards.
    private static func position(of level: Logger.Level) -> Int {
        Logger.Level.allCases.firstIndex(of: level) ?? 0
    }
}
