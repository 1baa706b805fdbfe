import Dispatch
import Foundation
import NIOConcurrencyHelpers

/// Reports progress on standard error: one changing line on a terminal, a plain line every few seconds elsewhere.
final class ProgressReport: Sendable {
    private static let plainEverySeconds = 5

    private let isTerminal: Bool
    /// A stopped terminal blocks this queue and not the load. It grows by one line a second.
    private let queue = DispatchQueue(label: "carga.progress")
    private let lastPlain = NIOLockedValueBox(ContinuousClock.now - .seconds(plainEverySeconds))

    init() {
        self.isTerminal = isatty(2) == 1
    }

    /// Writes a line that stays.
    func say(_ text: String) {
        self.write(self.isTerminal ? "\r\u{1B}[K==> \(text)\n" : "==> \(text)\n")
    }

    /// Writes a line that the next one replaces.
    func follow(_ text: String) {
        if self.isTerminal { return self.write("\r\u{1B}[K    \(text)") }
        let isDue = self.lastPlain.withLockedValue { last in
            guard ContinuousClock.now - last >= .seconds(Self.plainEverySeconds) else { return false }
            last = .now
            return true
        }
        if isDue { self.write("    \(text)\n") }
    }

    func take(_ progress: LoadProgress) {
        let streams = progress.streams.map { stream in
            let second = stream.second
            let errors = second.shed + second.failed
            return "\(stream.name) \(second.accepted)/s p99 \(Text.ms(second.p99Ms)) ms errors \(errors) lag \(stream.waiting)"
        }
        self.follow("\(progress.elapsedSeconds)/\(progress.totalSeconds) s  \(streams.joined(separator: "   "))")
    }

    /// Waits until everything is written.
    func finish() {
        if self.isTerminal { self.write("\r\u{1B}[K") }
        self.queue.sync {}
    }

    private func write(_ text: String) {
        self.queue.async { FileHandle.standardError.write(Data(text.utf8)) }
    }
}
