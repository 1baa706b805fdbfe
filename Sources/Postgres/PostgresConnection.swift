import CLibPQ
import SocketExecutor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One libpq connection, driven without blocking on a thread of its own.
///
/// A connection runs one statement at a time and belongs to one caller at a time: a ``PostgresClient`` lends it exclusively, or
/// ``connect(_:)`` makes one that the caller alone holds. Every statement has a deadline; when it passes, or the waiting task is cancelled,
/// the connection is dropped rather than the statement cancelled, and the error says that the outcome is unknown.
public actor PostgresConnection {
    private let executor: SocketExecutor
    /// libpq: "a PGconn may be used by only one thread at a time"; this actor runs on one thread only.
    private var handle: OpaquePointer?
    private let answerTimeout: Duration
    private var isBusy = false
    /// SQL text → the name under which the session has prepared it.
    private var statements: [String: String] = [:]
    /// Texts come from literals, so their number is that of the program's queries; the limit guards against a text built in a loop.
    private static let preparedStatementsMax = 256

    /// Runs this actor on its connection's thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { self.executor.asUnownedSerialExecutor() }

    private init(configuration: PostgresConfiguration, executor: SocketExecutor) {
        self.executor = executor
        self.answerTimeout = configuration.answerTimeout
    }

    isolated deinit {
        if let handle { PQfinish(handle) }
        self.executor.stop()
    }

    // MARK: - Connecting

    /// Opens a connection.
    ///
    /// Name resolution blocks inside libpq; it blocks this connection's own thread and nothing else.
    /// - Throws: ``PostgresError/Code/connectFailed``.
    public static func connect(_ configuration: PostgresConfiguration) async throws(PostgresError) -> PostgresConnection {
        let executor: SocketExecutor
        do {
            executor = try SocketExecutor(name: "postgres")
        } catch {
            throw PostgresError(.connectFailed, detail: "the process has no descriptor or thread left (errno \(error.code))")
        }
        let connection = PostgresConnection(configuration: configuration, executor: executor)
        try await connection.open(configuration)
        return connection
    }

    private func open(_ configuration: PostgresConfiguration) async throws(PostgresError) {
        self.handle = Self.startConnecting(configuration.parameters)
        // Only now: the name is resolved, however long that took.
        let deadline = ContinuousClock.now + configuration.connectTimeout
        guard let handle else { throw PostgresError(.connectFailed, detail: "out of memory") }
        // The server's notices ("relation exists, skipping") would go to standard error otherwise.
        PQsetNoticeReceiver(handle, { _, _ in }, nil)
        guard PQstatus(handle) != CONNECTION_BAD else { throw self.connectFailure() }
        var interest = SocketExecutor.Interest.write
        while true {
            switch await self.executor.wait(for: interest, on: PQsocket(handle), until: deadline) {
            case .ready, .interrupted: break
            case .timedOut: throw self.connectFailure("no answer within \(configuration.connectTimeout.milliseconds) ms")
            case .cancelled: throw PostgresError(.cancelled, detail: "while connecting")
            }
            switch PQconnectPoll(handle) {
            case PGRES_POLLING_OK:
                guard PQsetnonblocking(handle, 1) == 0 else { throw self.connectFailure() }
                return
            case PGRES_POLLING_READING: interest = .read
            case PGRES_POLLING_WRITING: interest = .write
            default: throw self.connectFailure()
            }
        }
    }

    private static func startConnecting(_ parameters: [(keyword: String, value: String)]) -> OpaquePointer? {
        // libpq copies the strings before it returns, so they need to live for the call only.
        var keywords: [UnsafePointer<CChar>?] = []
        var values: [UnsafePointer<CChar>?] = []
        var owned: [UnsafeMutablePointer<CChar>] = []
        defer { owned.forEach { $0.deallocate() } }
        func copy(_ text: String) -> UnsafePointer<CChar> {
            let bytes = text.utf8CString
            let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
            for (offset, byte) in bytes.enumerated() { (pointer + offset).initialize(to: byte) }
            owned.append(pointer)
            return UnsafePointer(pointer)
        }
        for (keyword, value) in parameters {
            keywords.append(copy(keyword))
            values.append(copy(value))
        }
        keywords.append(nil)
        values.append(nil)
        return PQconnectStartParams(keywords, values, 1)
    }

    private func connectFailure(_ detail: String? = nil) -> PostgresError {
        let message = self.handle.flatMap { PQerrorMessage($0) }.map { String(cString: $0) } ?? ""
        self.drop()
        // libpq's words for a failed connect name host, port, user and database, never the password.
        let words = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        return PostgresError(.connectFailed, detail: detail ?? words, serverMessage: message)
    }

    // MARK: - Statements

    /// Runs a statement: prepared at its first use on this connection, parameters and results in binary.
    /// - Throws: ``PostgresError``; with ``PostgresError/outcomeIsUnknown`` if it was sent and no answer came.
    @discardableResult
    public func query(_ query: PostgresQuery) async throws(PostgresError) -> PostgresRows {
        try await self.exclusively { connection, deadline throws(PostgresError) in
            try await connection.run(query, until: deadline)
        }
    }

    /// Runs a statement, unless the connection cannot take one, as ``isUsable()`` tells.
    /// - Returns: nil if it was not sent for that reason.
    func queryIfUsable(_ query: PostgresQuery) async throws(PostgresError) -> PostgresRows? {
        self.isUsable() ? try await self.query(query) : nil
    }

    /// Runs SQL text of several statements without parameters, for migrations. The text must be the program's own.
    /// - Throws: ``PostgresError``.
    public func runScript(_ sql: String) async throws(PostgresError) {
        try await self.exclusively { connection, deadline throws(PostgresError) in
            guard PQsendQuery(try connection.liveHandle(), sql) == 1 else { throw connection.lost(sent: false) }
            _ = try await connection.receive(until: deadline, sent: true)
        }
    }

    /// Whether the connection can take a statement: it is open, and the server has not closed its side.
    public func isUsable() -> Bool {
        guard let handle, !self.isBusy else { return false }
        // A server that ended the session has sent its reason or closed the socket; both show as input outside a statement. libpq alone would
        // read the reason, not see the end behind it, and take the connection for good.
        var descriptor = pollfd(fd: PQsocket(handle), events: CShort(POLLIN), revents: 0)
        guard PQstatus(handle) == CONNECTION_OK, poll(&descriptor, 1, 0) == 0 else {
            self.drop()
            return false
        }
        return true
    }

    /// Closes the connection. A statement in progress fails with its outcome unknown.
    public func close() {
        self.drop()
        self.executor.interrupt()
    }

    private func exclusively<Value: Sendable>(
        _ body: (isolated PostgresConnection, ContinuousClock.Instant) async throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        precondition(!self.isBusy, "a connection runs one statement at a time: lease it exclusively")
        self.isBusy = true
        defer { self.isBusy = false }
        do {
            return try await body(self, .now + self.answerTimeout)
        } catch {
            if error.endsConnection { self.drop() }
            throw error
        }
    }

    private func run(_ query: PostgresQuery, until deadline: ContinuousClock.Instant) async throws(PostgresError) -> PostgresRows {
        let name = try await self.prepare(query, until: deadline)
        let handle = try self.liveHandle()
        let parameters = query.parameters
        let sent = Self.withPointers(parameters) { values, lengths, formats in
            if let name {
                return PQsendQueryPrepared(handle, name, CInt(parameters.count), values, lengths, formats, 1)
            }
            return PQsendQueryParams(handle, query.sql, CInt(parameters.count), parameters.typeOIDs, values, lengths, formats, 1)
        }
        guard sent == 1 else { throw self.lost(sent: false) }
        return try await self.receive(until: deadline, sent: true)
    }

    /// - Returns: the statement's name; nil where the limit of prepared statements is reached.
    private func prepare(_ query: PostgresQuery, until deadline: ContinuousClock.Instant) async throws(PostgresError) -> String? {
        if let name = self.statements[query.sql] { return name }
        guard self.statements.count < Self.preparedStatementsMax else { return nil }
        let name = "s\(self.statements.count)"
        let handle = try self.liveHandle()
        guard PQsendPrepare(handle, name, query.sql, CInt(query.parameters.count), query.parameters.typeOIDs) == 1 else {
            throw self.lost(sent: false)
        }
        // Preparing changes nothing, so losing the connection here leaves nothing open.
        _ = try await self.receive(until: deadline, sent: false)
        self.statements[query.sql] = name
        return name
    }

    private static func withPointers<Result>(
        _ parameters: PostgresQuery.Parameters,
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<CInt>?, UnsafePointer<CInt>?) -> Result
    ) -> Result {
        // An empty value needs a pointer too, null means SQL null: the extra byte gives even an empty buffer an address.
        let bytes = parameters.bytes + [0]
        return bytes.withUnsafeBytes { buffer in
            let base = buffer.baseAddress!.assumingMemoryBound(to: CChar.self)
            let values = parameters.ranges.map { $0.map { base + $0.lowerBound } }
            let lengths = parameters.ranges.map { CInt($0?.count ?? 0) }
            return body(values, lengths, [CInt](repeating: 1, count: lengths.count))
        }
    }

    // MARK: - Sending and receiving

    /// Sends what is buffered and reads results up to the one that libpq ends with; the last result with rows or a status is returned.
    private func receive(until deadline: ContinuousClock.Instant, sent: Bool) async throws(PostgresError) -> PostgresRows {
        try await self.flush(until: deadline, sent: sent)
        var rows = PostgresRows(columnNames: [], columnTypeOIDs: [], storage: [], cells: [], affectedRows: 0)
        var failure: PostgresError?
        while true {
            while PQisBusy(try self.liveHandle(sent: sent)) == 1 {
                try await self.wait(for: .read, until: deadline, sent: sent)
                guard PQconsumeInput(try self.liveHandle(sent: sent)) == 1 else { throw failure ?? self.lost(sent: sent) }
            }
            guard let result = PQgetResult(try self.liveHandle(sent: sent)) else { break }
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK: rows = Self.copy(result)
            case PGRES_EMPTY_QUERY: break
            default: failure = failure ?? self.serverFailure(result, sent: sent)
            }
        }
        if let failure { throw failure }
        return rows
    }

    private func flush(until deadline: ContinuousClock.Instant, sent: Bool) async throws(PostgresError) {
        while true {
            switch PQflush(try self.liveHandle(sent: sent)) {
            case 0: return
            case 1:
                // The server may be waiting for us to read while we wait for it to read.
                try await self.wait(for: [.read, .write], until: deadline, sent: sent)
                guard PQconsumeInput(try self.liveHandle(sent: sent)) == 1 else { throw self.lost(sent: sent) }
            default: throw self.lost(sent: sent)
            }
        }
    }

    private func wait(
        for interest: SocketExecutor.Interest,
        until deadline: ContinuousClock.Instant,
        sent: Bool
    ) async throws(PostgresError) {
        switch await self.executor.wait(for: interest, on: PQsocket(try self.liveHandle(sent: sent)), until: deadline) {
        case .ready, .interrupted: return
        case .timedOut: throw PostgresError(.timedOut, detail: "no answer in time", outcomeIsUnknown: sent)
        case .cancelled: throw PostgresError(.cancelled, detail: "the waiting task was cancelled", outcomeIsUnknown: sent)
        }
    }

    private func liveHandle(sent: Bool = false) throws(PostgresError) -> OpaquePointer {
        guard let handle else { throw PostgresError(.connectionLost, detail: "the connection is closed", outcomeIsUnknown: sent) }
        return handle
    }

    private func lost(sent: Bool) -> PostgresError {
        // A server that ends a session says why before it closes the socket; libpq has that as a result already.
        while let handle, let result = PQgetResult(handle) {
            defer { PQclear(result) }
            if PQresultErrorField(result, clibpq_diag_sqlstate) != nil { return self.serverFailure(result, sent: sent) }
        }
        let message = self.handle.flatMap { PQerrorMessage($0) }.map { String(cString: $0) }
        return PostgresError(.connectionLost, detail: "the connection broke", serverMessage: message, outcomeIsUnknown: sent)
    }

    private func drop() {
        if let handle { PQfinish(handle) }
        self.handle = nil
        self.statements = [:]
    }

    // MARK: - Results

    private func serverFailure(_ result: OpaquePointer, sent: Bool) -> PostgresError {
        func field(_ code: CInt) -> String? { PQresultErrorField(result, code).map { String(cString: $0) } }
        let message = field(clibpq_diag_message_primary) ?? PQresultErrorMessage(result).map { String(cString: $0) }
        guard let state = field(clibpq_diag_sqlstate) else {
            // libpq makes such a result itself when the connection breaks in the middle of an answer.
            return PostgresError(.connectionLost, detail: "the connection broke", serverMessage: message, outcomeIsUnknown: sent)
        }
        // Only ERROR says that the transaction was rolled back. FATAL and PANIC end the session, and may come after the commit was written: a
        // server that is told to stop, or that cannot flush its log.
        let endsSession = field(clibpq_diag_severity) != "ERROR"
        return PostgresError(
            .server,
            detail: "the server refused the statement",
            sqlState: state,
            constraint: field(clibpq_diag_constraint_name),
            serverMessage: message,
            outcomeIsUnknown: sent && endsSession,
            endsSession: endsSession
        )
    }

    private static func copy(_ result: OpaquePointer) -> PostgresRows {
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
        return PostgresRows(
            columnNames: (0..<CInt(columns)).map { PQfname(result, $0).map { String(cString: $0) } ?? "" },
            columnTypeOIDs: (0..<CInt(columns)).map { PQftype(result, $0) },
            storage: storage,
            cells: cells,
            affectedRows: PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? count
        )
    }
}
