package import Logging
import UnixSignals

/// Changes the level of the log while the process runs: SIGUSR1 writes one level more, SIGUSR2 one level less, SIGHUP goes back to what the
/// configuration says now.
///
/// Steps, because they work everywhere the same: in a container the configuration is the environment, which cannot change.
package struct LogLevelSignals: Sendable {
    private let level: LogLevel
    private let configured: @Sendable () async throws(ConfigurationError) -> Logger.Level
    private let logger: Logger

    /// - Parameter configured: reads the level from the configuration, anew each time.
    package init(
        level: LogLevel, logger: Logger, configured: @escaping @Sendable () async throws(ConfigurationError) -> Logger.Level
    ) {
        self.level = level
        self.configured = configured
        self.logger = logger
    }

    /// Takes signals until it is cancelled.
    package func run() async {
        for await signal in await UnixSignalsSequence(trapping: .sighup, .sigusr1, .sigusr2) { await self.take(signal) }
    }

    func take(_ signal: UnixSignal) async {
        let before = self.level.current
        switch signal {
        case .sigusr1: self.level.current = LogLevel.step(from: before, isMore: true)
        case .sigusr2: self.level.current = LogLevel.step(from: before, isMore: false)
        default:
            do throws(ConfigurationError) {
                self.level.current = try await self.configured()
            } catch {
                self.logger.error("the configuration cannot be read, the log level stays", metadata: ["error": "\(error)"])
                return
            }
        }
        let after = self.level.current
        // At a level that is written, whichever it is now: who changes it wants to see that it worked.
        self.logger.log(level: max(after, .notice), "log level set", metadata: ["from": "\(before)", "to": "\(after)"])
    }
}
