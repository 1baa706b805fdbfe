import Foundation
import NIOConcurrencyHelpers

/// A process that a test starts.
///
/// Foundation's `Process` detects the end by a descriptor that grandchildren inherit, so it never ends for a command that leaves a server
/// running; here the kernel is asked.
final class ChildProcess: Sendable {
    private enum State {
        case running
        case ended(status: Int32)
    }

    let pid: pid_t
    private let state = NIOLockedValueBox(State.running)

    /// - Parameters:
    ///   - environment: all of it.
    ///   - output: a file that standard output and standard error are appended to.
    /// - Throws: ``TestFailure`` if it cannot be started.
    init(_ path: String, _ arguments: [String], environment: [String: String], output: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        Self.keepDescriptors()
        var pid: pid_t = 0
        let code = Self.withStrings([path] + arguments) { argv in
            Self.withStrings(environment.map { "\($0.key)=\($0.value)" }) { envp in posix_spawn(&pid, path, &actions, nil, argv, envp) }
        }
        guard code == 0 else { throw TestFailure("\(path) cannot be started: errno \(code)") }
        self.pid = pid
    }

    /// Whether it has not ended.
    var isRunning: Bool { self.endStatus(blocking: false) == nil }

    /// Waits for its end.
    /// - Returns: the exit status; a signal's number above 128.
    @discardableResult
    func waitUntilExit() async -> Int32 {
        while true {
            if let status = self.endStatus(blocking: false) { return status }
            // Not interruptible on purpose: a cancelled test must not leave its children behind.
            await Task.detached { try? await Task.sleep(for: .milliseconds(20)) }.value
        }
    }

    /// Ends it at once and waits for that. Once it has ended its number may be another process's.
    func kill() {
        guard self.isRunning else { return }
        Foundation.kill(self.pid, SIGKILL)
        _ = self.endStatus(blocking: true)
    }

    private func endStatus(blocking: Bool) -> Int32? {
        self.state.withLockedValue { state in
            if case .ended(let status) = state { return status }
            var raw: Int32 = 0
            guard waitpid(self.pid, &raw, blocking ? 0 : WNOHANG) == self.pid else { return nil }
            // The macros WIFEXITED and WEXITSTATUS of wait(2).
            let status = raw & 0x7F == 0 ? (raw >> 8) & 0xFF : 128 + raw & 0x7F
            state = .ended(status: status)
            return status
        }
    }

    /// No child inherits what is open here. Sockets of other tests are no business of its: a server with a thousand of them has no descriptors
    /// left.
    private static func keepDescriptors() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let descriptor = Int32(name), descriptor > 2 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        }
    }

    private static func withStrings<Result>(
        _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers = strings.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
    }
}
