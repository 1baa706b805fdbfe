package import FluxoDeCaixa
import Foundation
import Logging
import NIOConcurrencyHelpers

/// Sets up the log of a process, once, at its start.
package enum ServiceLogging {
    /// After this call every new logger writes lines to standard error.
    /// - Parameter service: `service.name` of ECS lines.
    /// - Returns: the level of all loggers, which may be changed later.
    package static func bootstrap(_ settings: LogSettings, service: String, agora: @escaping @Sendable () -> Instante) -> LogLevel {
        let level = LogLevel(settings.level)
        switch settings.format {
        case .texto: LoggingSystem.bootstrap { TextLogHandler(label: $0, level: level, agora: agora) }
        case .ecs: LoggingSystem.bootstrap { ECSLogHandler(label: $0, service: service, level: level, agora: agora) }
        }
        return level
    }
}

/// Standard error, a whole line at a time.
package enum StandardError {
    private static let lock = NIOLock()

    /// Writes `line`. Lines of several threads never mix; in a pipe, lines of several processes do not mix up to 4096 bytes (`PIPE_BUF`).
    package static func write(_ line: String) {
        self.write(Array(line.utf8))
    }

    /// Writes `line`, UTF-8. A line that standard error refuses (closed, disk full) is lost: there is nowhere left to report it.
    package static func write(_ line: [UInt8]) {
        self.lock.withLock {
            var bytes = line[...]
            while !bytes.isEmpty {
                let written = bytes.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
                if written > 0 {
                    bytes = bytes.dropFirst(written)
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}
