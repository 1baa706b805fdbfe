import Foundation

/// Runs commands of the machine.
enum Command {
    /// Runs a command to its end.
    /// - Throws: ``TestFailure`` with its output if it exits with another status than 0.
    static func run(_ path: String, _ arguments: [String], environment: [String: String]? = nil) async throws {
        let output = FileManager.default.temporaryDirectory.appending(path: "comando-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: output) }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        if let environment { process.environment = environment }
        let file = try FileHandle(forWritingTo: output)
        process.standardOutput = file
        process.standardError = file
        process.standardInput = FileHandle.nullDevice
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        guard status == 0 else {
            let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
            throw TestFailure("\(path) \(arguments.joined(separator: " ")): status \(status)\n\(text)")
        }
    }
}
