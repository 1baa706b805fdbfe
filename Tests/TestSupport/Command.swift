import Foundation

/// Runs commands of the machine.
package enum Command {
    /// Runs a command to its end.
    /// - Parameter environment: all of it; nil passes on the test's own.
    /// - Returns: its output.
    /// - Throws: ``TestFailure`` with its output if it exits with another status than 0.
    @discardableResult
    package static func run(_ path: String, _ arguments: [String], environment: [String: String]? = nil) async throws -> String {
        let (status, text) = try await self.outcome(path, arguments, environment: environment)
        guard status == 0 else {
            throw TestFailure("\(path) \(arguments.joined(separator: " ")): status \(status)\n\(text)")
        }
        return text
    }

    /// Runs a command to its end.
    /// - Parameter environment: all of it; nil passes on the test's own.
    /// - Returns: its exit status and its output.
    package static func outcome(
        _ path: String, _ arguments: [String], environment: [String: String]? = nil
    ) async throws -> (status: Int32, text: String) {
        let output = FileManager.default.temporaryDirectory.appending(path: "comando-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: output) }
        let process = try ChildProcess(
            path, arguments, environment: environment ?? ProcessInfo.processInfo.environment, output: output.path
        )
        let status = await process.waitUntilExit()
        return (status, String(decoding: try Data(contentsOf: output), as: UTF8.self))
    }
}
