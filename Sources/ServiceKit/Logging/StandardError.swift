import Foundation

/// Standard error, a whole line at a time.
package enum StandardError {
    /// Writes `line` with as few system calls as it takes: short lines of several threads do not mix.
    ///
    /// A line that standard error does not take (closed, disk full) is lost: there is nowhere left to say so.
    package static func write(_ line: String) {
        var bytes = Array(line.utf8)[...]
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
