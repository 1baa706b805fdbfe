package import Logging
import UnixSignals

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
