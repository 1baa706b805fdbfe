/// Where a key set document comes from.
protocol KeySource: Sendable {
    /// What the log calls it.
    var name: String { get }
    /// How often it is looked at.
    var limits: RefreshSchedule.Limits { get }

    /// The whole document.
    func read() async throws(KeySourceError) -> [UInt8]
}

/// Why a key set document could not be had.
enum KeySourceError: Error, Equatable, CustomStringConvertible {
    case noRegularFile
    case unreadable
    case tooLarge(maxBytes: Int)
    case status(Int)
    case noAnswer(within: Duration)
    case connection(String)

    var description: String {
        switch self {
        case .noRegularFile: "there is no such file"
        case .unreadable: "the file cannot be read"
        case .tooLarge(let maxBytes): "longer than \(maxBytes) bytes"
        case .status(let status): "answered \(status) instead of 200"
        case .noAnswer(let max): "no whole answer within \(max)"
        case .connection(let reason): reason
        }
    }
}
