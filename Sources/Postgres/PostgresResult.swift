import CLibPQ

/// One result of libpq, copied into Swift values.
enum PostgresResult {
    /// Rows, or the count of a statement without any.
    case rows(PostgresRows)
    /// An empty statement.
    case empty
    case failure(PostgresError)
    /// A result of a mode that this client does not use (`COPY`, pipelines), by its name. libpq returns it again and again until the caller
    /// carries out that mode.
    case unexpected(String)

    /// - Parameter sent: whether a statement was sent that may have been committed.
    init(_ result: OpaquePointer, sent: Bool) {
        let status = PQresultStatus(result)
        switch status {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK: self = .rows(PostgresRows(result))
        case PGRES_EMPTY_QUERY: self = .empty
        case PGRES_FATAL_ERROR, PGRES_NONFATAL_ERROR, PGRES_BAD_RESPONSE: self = .failure(PostgresError(result, sent: sent))
        default: self = .unexpected(PQresStatus(status).map { String(cString: $0) } ?? "\(status.rawValue)")
        }
    }
}

extension PostgresError {
    /// The error that a result reports.
    fileprivate init(_ result: OpaquePointer, sent: Bool) {
        func field(_ code: CInt) -> String? { PQresultErrorField(result, code).map { String(cString: $0) } }
        let message = field(clibpq_diag_message_primary) ?? PQresultErrorMessage(result).map { String(cString: $0) }
        guard let state = field(clibpq_diag_sqlstate) else {
            // libpq makes such a result itself when the connection breaks in the middle of an answer.
            self.init(.connectionLost, detail: "the connection broke", serverMessage: message, outcomeIsUnknown: sent)
            return
        }
        // Only ERROR says that the transaction was rolled back. FATAL and PANIC end the session, and a server that stops or cannot flush
        // its log may send them after it has written the commit.
        let endsSession = field(clibpq_diag_severity) != "ERROR"
        self.init(
            .server,
            detail: "the server refused the statement",
            sqlState: state,
            constraint: field(clibpq_diag_constraint_name),
            serverMessage: message,
            outcomeIsUnknown: sent && endsSession,
            endsSession: endsSession
        )
    }
}

extension PostgresRows {
    /// Copies a result's rows.
    fileprivate init(_ result: OpaquePointer) {
        let columns = Int(PQnfields(result))
        let count = Int(PQntuples(result))
        var storage: [UInt8] = []
        var cells: [(start: Int, length: Int)] = []
        cells.reserveCapacity(columns * count)
        for row in 0..<CInt(count) {
            for column in 0..<CInt(columns) {
                guard PQgetisnull(result, row, column) == 0, let value = PQgetvalue(result, row, column) else {
                    cells.append((storage.count, -1))
                    continue
                }
                let bytes = UnsafeRawBufferPointer(start: value, count: Int(PQgetlength(result, row, column)))
                cells.append((storage.count, bytes.count))
                storage.append(contentsOf: bytes)
            }
        }
        self.init(
            columnNames: (0..<CInt(columns)).map { PQfname(result, $0).map { String(cString: $0) } ?? "" },
            columnTypeOIDs: (0..<CInt(columns)).map { PQftype(result, $0) },
            storage: storage,
            cells: cells,
            affectedRows: PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? count
        )
    }
}
