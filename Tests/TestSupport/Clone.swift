import Foundation

/// The clone that the tests are of.
package enum Clone {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Where a file or a folder of it is.
    package static func path(_ path: String) -> String { self.folder.appending(path: path).path() }

    /// The text of a file of it.
    package static func text(_ path: String) throws -> String { try String(contentsOfFile: self.path(path), encoding: .utf8) }
}
