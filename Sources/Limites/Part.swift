/// One part of the system, measured alone.
enum Part: String, CaseIterable, Sendable {
    case bareWrite = "H"
    case bareRead = "G"
    case insert = "I"
    case delete = "D"
    case publish = "P"
    case consume = "C"
    case apply = "A"
    case read = "R"

    /// What is done, for people.
    var title: String {
        switch self {
        case .bareWrite: "a bare handler that parses an entry and answers 201"
        case .bareRead: "an empty GET handler"
        case .insert: "insert of entries and outbox rows, half with keys, batches of \(Workload.insertBatchRows)"
        case .delete: "delete from the outbox, batches of \(Workload.deleteBatchRows)"
        case .publish: "confirmed publish to a quorum queue, window \(Workload.publishWindow)"
        case .consume: "consume with ack multiple"
        case .apply: "apply with dedup, account, day and month, batches of \(Workload.applyBatchRows)"
        case .read: "read of a day and its opening, \(Workload.readBatchKeys) keys a statement"
        }
    }
}

/// How the parts are measured: each on two connections, with the services' own statements and settings.
enum Workload {
    static let connections = 2
    static let insertBatchRows = 200
    static let deleteBatchRows = 1000
    static let publishWindow = 1000
    static let consumeBatchMessages = 500
    static let applyBatchRows = 500
    static let readBatchKeys = 64
    static let accounts = 1000
    static let days = 7
    /// Keep-alive connections of the HTTP client, one request at a time on each.
    static let httpConnections = 64
}
