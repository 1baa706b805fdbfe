import Dispatch
import Foundation
import NIOConcurrencyHelpers

/// What is told while scenarios run, on standard error: one line that changes on a terminal, plain lines now and then elsewhere.
final class ProgressReport: Sendable {
    /// Between plain lines.
    private static let plainEverySeconds = 5

    private let isTerminal: Bool
    /// A terminal that is stopped holds up this queue and not the load; what waits is a line a second.
    private let queue = DispatchQueue(label: "carga.progress")
    private let lastPlain = NIOLockedValueBox(ContinuousClock.now - .seconds(plainEverySeconds))

    init() {
        self.isTerminal = isatty(2) == 1
    }

    /// A line that stays.
    func say(_ text: String) {
        self.write(self.isTerminal ? "\r\u{1B}[K==> \(text)\n" : "==> \(text)\n")
    }

    /// A line that the next one replaces.
    func follow(_ text: String) {
        if self.isTerminal { return self.write("\r\u{1B}[K    \(text)") }
        let isDue = self.lastPlain.withLockedValue { last in
            guard ContinuousClock.now - last >= .seconds(Self.plainEverySeconds) else { return false }
            last = .now
            return true
        }
        if isDue { self.write("    \(text)\n") }
    }

    /// A second of load.
    func take(_ progress: LoadProgress) {
        let streams = progress.streams.map { stream in
            let second = stream.second
            let errors = second.shed + second.failed
            return "\(stream.name) \(second.accepted)/s p99 \(Text.ms(second.p99Ms)) ms errors \(errors) lag \(stream.waiting)"
        }
        self.follow("\(progress.elapsedSeconds)/\(progress.totalSeconds) s  \(streams.joined(separator: "   "))")
    }

    /// Returns when everything is written.
    func finish() {
        if self.isTerminal { self.write("\r\u{1B}[K") }
        self.queue.sync {}
    }

    private func write(_ text: String) {
        self.queue.async { FileHandle.standardError.write(Data(text.utf8)) }
    }
}
