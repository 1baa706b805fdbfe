import Logging

/// Sets up the log of a process, once, at its start.
package enum ServiceLogging {
    /// Every logger made from now on writes lines to standard error.
    /// - Returns: the level from which lines are written: changing it changes all loggers.
    package static func bootstrap(_ configuration: LogConfiguration, service: ServiceName) -> LogLevel {
        let level = LogLevel(configuration.nivel)
        switch configuration.formato {
        case .texto: LoggingSystem.bootstrap { TextLogHandler(label: $0, level: level) }
        case .ecs: LoggingSystem.bootstrap { ECSLogHandler(label: $0, service: service, level: level) }
        }
        return level
    }
}
