/// The version of the programs, which the API's documents carry too.
package enum ServiceVersion {
    package static let current = "1.1.0"
}

/// What a program was compiled from.
package struct Build: Sendable, Equatable {
    /// Stands for a revision or day that is not known.
    package static let unknown = "desconhecida"

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// The id of the commit, with `-modificada` if the sources differed from it.
    package let revision: String
    /// The day of the build, `YYYY-MM-DD`.
    package let date: String

    /// - Parameters:
    ///   - revision: empty if it is not known.
    ///   - compilerDate: a day as C compilers write it, `Nov 30 2026`; a day below 10 has a space before it.
    package init(revision: String, compilerDate: String) {
        self.revision = revision.isEmpty ? Self.unknown : revision
        let parts = compilerDate.split(separator: " ")
        guard parts.count == 3, let month = Self.months.firstIndex(where: { $0 == parts[0] }) else {
            self.date = Self.unknown
            return
        }
        self.date = [String(parts[2]), Self.twoDigits(String(month + 1)), Self.twoDigits(String(parts[1]))].joined(separator: "-")
    }

    /// What `--version` prints.
    package func text(program: String) -> String {
        "\(program) \(ServiceVersion.current), revision \(self.revision), built \(self.date)"
    }

    private static func twoDigits(_ text: String) -> String {
        text.count < 2 ? "0\(text)" : text
    }
}
