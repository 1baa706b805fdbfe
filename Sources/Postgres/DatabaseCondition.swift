import Logging

/// Whether a pool's database can be reached and accepts the pool's statements. Only changes are reported: an outage or a refusal is one line
/// in the log, however many callers meet it.
struct DatabaseCondition: Sendable {
    /// What the log reports.
    enum Change: Sendable, Equatable {
        case unreachable(PostgresError)
        case reachable
        case refuses(PostgresError)
        case accepts(sqlState: String)
    }

    /// Statements that are remembered for one SQLSTATE.
    private static let statementsMax = 16

    private var wasReachable: Bool?
    /// SQLSTATE → the statements that were refused with it.
    private var refusals: [String: Set<String>] = [:]

    mutating func connected() -> Change? {
        defer { self.wasReachable = true }
        return self.wasReachable == false ? .reachable : nil
    }

    mutating func connectFailed(_ error: PostgresError) -> Change? {
        defer { self.wasReachable = false }
        return self.wasReachable == false ? nil : .unreachable(error)
    }

    /// The server refused a statement for a reason other than its data.
    mutating func refused(_ sql: String, _ error: PostgresError) -> Change? {
        guard let sqlState = error.sqlState else { return nil }
        let isNew = self.refusals[sqlState] == nil
        if self.refusals[sqlState, default: []].count < Self.statementsMax { self.refusals[sqlState, default: []].insert(sql) }
        return isNew ? .refuses(error) : nil
    }

    /// The server carried out a statement. A refusal ends when one of its statements is accepted: others say nothing about it.
    mutating func accepted(_ sql: String) -> Change? {
        if self.refusals.isEmpty { return nil }
        guard let sqlState = self.refusals.first(where: { $0.value.contains(sql) })?.key else { return nil }
        self.refusals[sqlState] = nil
        return .accepts(sqlState: sqlState)
    }
}

extension DatabaseCondition.Change {
    func log(to logger: Logger) {
        switch self {
        case .unreachable(let error): logger.warning("database unreachable", metadata: ["error": "\(error)"])
        case .reachable: logger.info("database reachable again")
        case .refuses(let error):
            // Refusals are about the server, rights and tables: their messages quote no data of users, which errors of classes 22 and 23 may.
            logger.warning(
                "database refuses statements",
                metadata: ["sqlstate": "\(error.sqlState ?? "")", "error": "\(error.serverMessage ?? error.detail)"])
        case .accepts(let sqlState): logger.info("database accepts the refused statements again", metadata: ["sqlstate": "\(sqlState)"])
        }
    }
}
