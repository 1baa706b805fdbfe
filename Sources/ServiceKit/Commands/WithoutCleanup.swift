package import ArgumentParser
import Foundation

extension AsyncParsableCommand {
    /// Runs what the command line asks for and ends the process, as `main()` does, but without the cleanup of `exit(3)`.
    ///
    /// OpenSSL, which libpq and librabbitmq bring, takes its locks away there (`OPENSSL_cleanup`, registered by `atexit`), while threads of
    /// closed connections may still be ending: their destructors then crash in what is gone (seen: SIGSEGV in `CRYPTO_THREAD_read_lock`, and
    /// "double free or corruption", once in some hundred shutdowns). The kernel takes back all that the cleanup would.
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
            // Help is asked for, an error is not.
            let output = status.isSuccess ? FileHandle.standardOutput : .standardError
            if !message.isEmpty { try? output.write(contentsOf: Data((message + "\n").utf8)) }
        }
        fflush(nil)
        _exit(status.rawValue)
    }
}
