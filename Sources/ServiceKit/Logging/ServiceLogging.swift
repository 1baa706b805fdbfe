package import Logging

/// Sets up logging and metrics of a process, once, at its start.
package enum ServiceLogging {
    /// Every logger made from now on writes lines to standard error from `level` up.
    package static func bootstrap(level: Logger.Level) {
        LoggingSystem.bootstrap { TextLogHandler(label: $0, level: level) }
    }
}
