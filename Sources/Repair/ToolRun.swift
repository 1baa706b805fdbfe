package import ArgumentParser
import Foundation
package import Logging
package import ServiceLifecycle

/// The exit codes of the repair tools, besides 0 (done, no difference) and ArgumentParser's 64 (wrong arguments).
package enum ToolExit {
    /// Something is different, or something was left undone: the output says what.
    package static let incomplete = ExitCode(1)
    /// The tool could not work: settings, database, broker, extract. What it did until then is complete; it may be repeated.
    package static let failed = ExitCode(2)

    /// For the help of every tool.
    package static let help = """
        Exit code: 0 done, 1 differences or something left undone, 2 could not work (repeat it), 64 wrong arguments. \
        An interrupted run leaves nothing half done; repeat it.
        """
}

/// Why a tool could not work, in one line.
package struct ToolFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// Runs a tool's work beside the parts that it needs.
package enum ToolRun {
    /// Errors of the parts go to the standard error, so that the output can be read by programs.
    /// - Parameter level: what a repository says of a failed statement is at debug level.
    package static func logger(_ label: String, level: Logger.Level = .error) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }

    /// Reports a failure in one line and ends the tool with ``ToolExit/failed``.
    package static func reportingFailures(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let code as ExitCode {
            throw code
        } catch {
            try? FileHandle.standardError.write(contentsOf: Data("error: \(error)\n".utf8))
            throw ToolExit.failed
        }
    }

    /// Runs the closure while the parts run, then stops them in reverse order.
    /// - Throws: what the closure or a part throws.
    package static func with<Value: Sendable>(
        _ parts: [any Service], logger: Logger, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let group = ServiceGroup(configuration: .init(services: parts, logger: logger))
        return try await withThrowingTaskGroup(of: Value?.self) { tasks in
            tasks.addTask {
                try await group.run()
                return nil
            }
            tasks.addTask {
                let value = try await body()
                await group.triggerGracefulShutdown()
                return value
            }
            var value: Value?
            while let done = try await tasks.next() { value = done ?? value }
            guard let value else { throw ToolFailure("the tool's parts ended before its work") }
            return value
        }
    }
}
