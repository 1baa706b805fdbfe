import Foundation

/// Runs the commands that options name.
enum Command {
    /// Runs a command with further arguments.
    ///
    /// Not by Foundation's `Process`: it learns of the end by a descriptor that grandchildren inherit, and what scales a service leaves
    /// some running. Here the kernel is asked.
    /// - Returns: its standard output; standard error goes through.
    /// - Throws: ``BenchFailure`` if it does not exit with 0, `CancellationError` after ending it.
    static func run(_ command: String, _ arguments: [String]) async throws -> String {
        let output = FileManager.default.temporaryDirectory.appending(path: "carga-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: output) }
        // The command may have arguments of its own.
        let pid = try self.spawn(["/bin/sh", "-c", "\(command) \"$@\"", "sh"] + arguments, output: output)
        let status = await withTaskCancellationHandler {
            await self.waitForEnd(of: pid)
        } onCancel: {
            kill(pid, SIGTERM)
        }
        try Task.checkCancellation()
        guard status == 0 else { throw BenchFailure("\(command) \(arguments.joined(separator: " ")): exit status \(status)") }
        return try String(contentsOfFile: output, encoding: .utf8)
    }

    private static func spawn(_ arguments: [String], output: String) throws(BenchFailure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, arguments[0], &actions, nil, &pointers, environ)
        guard code == 0 else { throw BenchFailure("\(arguments[0]) cannot be started: errno \(code)") }
        return pid
    }

    /// - Returns: the exit status; a signal's number above 128.
    private static func waitForEnd(of pid: pid_t) async -> Int32 {
        var raw: Int32 = 0
        while waitpid(pid, &raw, WNOHANG) != pid {
            // Not ended by cancellation: the command is told, and its end awaited.
            await Task.detached { try? await Task.sleep(for: .milliseconds(20)) }.value
        }
        // The macros WIFEXITED and WEXITSTATUS of wait(2).
        return raw & 0x7F == 0 ? (raw >> 8) & 0xFF : 128 + raw & 0x7F
    }
}
