import Foundation
package import Logging

/// Loggers for tests that do not look at the log.
package enum TestLogger {
    package static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// A file that exists during one call.
package enum TemporaryFile {
    package static func with<Value>(_ text: String, _ body: (String) async throws -> Value) async throws -> Value {
        let url = FileManager.default.temporaryDirectory.appending(path: "fluxo-\(UUID().uuidString)")
        try Data(text.utf8).write(to: url)
        let result: Result<Value, any Error>
        do { result = .success(try await body(url.path())) } catch { result = .failure(error) }
        try FileManager.default.removeItem(at: url)
        return try result.get()
    }
}
