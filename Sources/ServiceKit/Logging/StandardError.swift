import Foundation
import NIOConcurrencyHelpers

/// Standard error, a whole line at a time.
package enum StandardError {
    private static let lock = NIOLock()

    /// Writes `line`: lines of several threads do not mix, however long they are. Up to 4096 bytes (`PIPE_BUF`) they do not mix in a pipe with
    /// those of other processes either.
    package static func write(_ line: String) {
        self.write(Array(line.utf8))
    }

    /// The same, of UTF-8.
    ///
    /// A line that standard error does not take (closed, disk full) is lost: there is nowhere left to say so.
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
