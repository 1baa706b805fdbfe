package import ArgumentParser
import Foundation

/// Ends the process without the cleanup of `exit(3)`.
///
/// OpenSSL, which libpq and librabbitmq load, destroys its locks in that cleanup (`OPENSSL_cleanup`, registered by `atexit`) while threads of
/// closed connections may still be ending: their destructors then crash (seen: SIGSEGV in `CRYPTO_THREAD_read_lock`, and "double free or
/// corruption", once in some hundred shutdowns). The kernel releases everything that the cleanup would.
package enum ProcessEnd {
    /// Flushes the standard streams and ends the process.
    package static func now(status: Int32) -> Never {
        fflush(nil)
        _exit(status)
    }
}

extension AsyncParsableCommand {
    /// Runs the command line and ends the process, as `main()` does, but by ``ProcessEnd``.
    package static func mainWithoutCleanup() async -> Never {
        var status = ExitCode.success
        do {
            var command = try Self.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            status = Self.exitCode(for: error)
            let message = Self.fullMessage(for: error)
            // Requested help is output; errors are not.
            let output = status.isSuccess ? FileHandle.standardOutput : .standardError
            if !message.isEmpty { try? output.write(contentsOf: Data((message + "\n").utf8)) }
        }
        ProcessEnd.now(status: status.rawValue)
    }
}
