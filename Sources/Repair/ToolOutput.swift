import Foundation

/// What a tool writes: results to the standard output, progress to the standard error.
package enum ToolOutput {
    /// Writes a line of the result.
    package static func line(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
    }

    /// A text of another system as one line: control characters, which a terminal would obey, are escaped.
    package static func printable(_ text: String) -> String {
        var printable = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: printable += scalar.escaped(asASCII: true)
            default: printable.unicodeScalars.append(scalar)
            }
        }
        return printable
    }

    /// Asks for a yes on the terminal.
    /// - Throws: ``ToolFailure`` if the standard input is no terminal.
    package static func confirm(_ question: String) throws -> Bool {
        guard isatty(STDIN_FILENO) == 1 else { throw ToolFailure("\(question) Nobody can be asked here: add --sim") }
        try? FileHandle.standardError.write(contentsOf: Data("\(question) [s/N] ".utf8))
        return ["s", "sim"].contains(readLine()?.trimmingCharacters(in: .whitespaces).lowercased() ?? "")
    }
}

/// The progress of a tool on the standard error: one line that is rewritten on a terminal, a plain line now and then elsewhere.
package struct ToolProgress: Sendable {
    private static let terminalInterval: Duration = .milliseconds(250)
    private static let plainInterval: Duration = .seconds(10)

    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var next = ContinuousClock.now
    private var isShown = false

    package init() {
        if !self.isTerminal { self.next += Self.plainInterval }
    }

    /// Shows the text if it is time to.
    package mutating func update(_ text: @autoclosure () -> String) {
        let now = ContinuousClock.now
        guard now >= self.next else { return }
        self.next = now + (self.isTerminal ? Self.terminalInterval : Self.plainInterval)
        self.isShown = self.isTerminal
        self.write(self.isTerminal ? "\r\u{1B}[K\(text())" : "\(text())\n")
    }

    /// Shows the text with the seconds that passed while the closure runs.
    package static func elapsed<Value>(_ text: String, _ body: () async throws -> Value) async throws -> Value {
        let start = ContinuousClock.now
        // Unstructured: it shows that the closure still waits, and ends with it.
        let ticker = Task {
            var progress = ToolProgress()
            while (try? await Task.sleep(for: Self.terminalInterval)) != nil {
                progress.update("\(text), \((ContinuousClock.now - start).components.seconds) s")
            }
            progress.end()
        }
        defer { ticker.cancel() }
        return try await body()
    }

    /// Clears the terminal's line before other output.
    package mutating func end() {
        guard self.isShown else { return }
        self.isShown = false
        self.write("\r\u{1B}[K")
    }

    private func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
