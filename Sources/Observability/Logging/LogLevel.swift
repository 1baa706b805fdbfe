package import Logging
package import Settings
import Synchronization
import UnixSignals

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

/// Changes the level of the log while the process runs: SIGUSR1 writes one level more, SIGUSR2 one level less, SIGHUP reads the level from
/// the settings again.
///
/// Steps work in every environment; in a container the settings are the process's environment, which cannot change.
package struct LogLevelSignals: Sendable {
    private let level: LogLevel
    private let configured: @Sendable () throws -> Logger.Level
    private let logger: Logger

    /// - Parameter configured: reads the level from the settings at each call.
    package init(
        level: LogLevel, logger: Logger, configured: @escaping @Sendable () throws -> Logger.Level
    ) {
        self.level = level
        self.configured = configured
        self.logger = logger
    }

    /// Handles signals until cancellation.
    package func run() async {
        for await signal in await UnixSignalsSequence(trapping: .sighup, .sigusr1, .sigusr2) { self.handle(signal) }
    }

    func handle(_ signal: UnixSignal) {
        let before = self.level.current
        switch signal {
        case .sigusr1: self.level.current = LogLevel.step(from: before, isMore: true)
        case .sigusr2: self.level.current = LogLevel.step(from: before, isMore: false)
        default:
            do {
                self.level.current = try self.configured()
            } catch {
                self.logger.error("the configuration cannot be read, the log level stays", metadata: ["error": "\(error)"])
                return
            }
        }
        let after = self.level.current
        // At a level that is written now: the operator sees that the change worked.
        self.logger.log(level: max(after, .notice), "log level set", metadata: ["from": "\(before)", "to": "\(after)"])
    }
}

package struct LogSettings: Sendable, Equatable {
    package enum Format: String, Sendable, CaseIterable {
        /// For people: ``TextLogHandler``.
        case texto
        /// For Elastic: ``ECSLogHandler``.
        case ecs
    }

    /// Lines below this level are not written. ``LogLevel`` may change it while the process runs.
    package var level: Logger.Level
    package var format: Format

    package static let keys = [
        SettingKey("log.nivel", .choice(Logger.Level.allCases.map(\.rawValue)), default: "info"),
        SettingKey("log.formato", .choice(Format.allCases.map(\.rawValue)), default: "texto"),
    ]

    package init(_ values: SettingValues) throws(SettingsError) {
        self.level = try Self.read("log.nivel", values)
        self.format = try Self.read("log.formato", values)
    }

    private static func read<Word: RawRepresentable<String>>(_ name: String, _ values: SettingValues) throws(SettingsError) -> Word {
        let text = try values.required(name)
        guard let word = Word(rawValue: text) else { throw .invalid(values.key(name), value: text, from: name) }
        return word
    }
}
