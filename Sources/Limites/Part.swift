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
