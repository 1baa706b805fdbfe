import CLibPQ
import SocketExecutor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One libpq connection, driven without blocking on its own thread.
///
/// A connection runs one statement at a time and has one caller at a time: a ``PostgresClient`` lends it exclusively, or ``connect(_:)``
/// makes one for the caller alone. Every statement has a deadline. When it passes, or the waiting task is cancelled, the connection is
/// dropped (the statement is not cancelled) and the error says that the outcome is unknown.
public actor PostgresConnection {
    private let executor: SocketExecutor
    /// libpq: "a PGconn may be used by only one thread at a time"; this actor runs on one thread only.
    private(set) var handle: OpaquePointer?
    private let answerTimeout: Duration
    /// When it began to look up its server's addresses.
    nonisolated let begunAt: ContinuousClock.Instant
    private var isBusy = false
    /// SQL text → the name under which the session has prepared it.
    private var statements: [String: String] = [:]
    /// Texts are made of literals, so there are as many as the program has queries; the limit guards against a text built in a loop.
    private static let preparedStatementsMax = 256

    /// Runs this actor on its connection's thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { self.executor.asUnownedSerialExecutor() }

    private init(configuration: PostgresConfiguration, executor: SocketExecutor, begunAt: ContinuousClock.Instant) {
        self.executor = executor
        self.begunAt = begunAt
        self.answerTimeout = configuration.answerTimeout
    }

    isolated deinit {
        if let handle { PQfinish(handle) }
        self.executor.stop()
    }

    // MARK: - Connecting

    /// Opens a connection.
    ///
    /// - Throws: ``PostgresError/Code/connectFailed``.
    public static func connect(_ configuration: PostgresConfiguration) async throws(PostgresError) -> PostgresConnection {
        let begunAt = ContinuousClock.now
        let addresses = try await configuration.resolveHosts()
        let executor: SocketExecutor
        do {
            executor = try SocketExecutor(name: "postgres")
        } catch {
            throw PostgresError(.connectFailed, detail: "the process has no descriptor or thread left (errno \(error.code))")
        }
        let connection = PostgresConnection(configuration: configuration, executor: executor, begunAt: begunAt)
        try await connection.open(configuration, addresses)
        return connection
    }

    private func open(
        _ configuration: PostgresConfiguration, _ addresses: [(keyword: String, value: String)]
    ) async throws(PostgresError) {
        self.handle = configuration.startConnecting(addresses)
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

    /// libpq's words for a server that `target_session_attrs` refuses; it has no code for them.
    private static let readOnlyMessages = ["session is read-only", "server is in hot standby mode"]

    private func connectFailure(_ detail: String? = nil) -> PostgresError {
        let message = self.handle.flatMap { PQerrorMessage($0) }.map { String(cString: $0) } ?? ""
        self.drop()
        // libpq's message for a failed connect names host, port, user and database, never the password.
        let words = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        let isReadOnly = Self.readOnlyMessages.contains { words.contains($0) }
        return PostgresError(
            .connectFailed, detail: detail ?? words, sqlState: isReadOnly ? PostgresError.readOnlyServer : nil, serverMessage: message)
    }

    // MARK: - Statements

    /// Runs a statement: prepared at its first use on this connection, parameters and results in binary.
    /// - Parameter until: when the caller stops waiting, if that is before ``PostgresConfiguration/answerTimeout``.
    /// - Throws: ``PostgresError``; with ``PostgresError/outcomeIsUnknown`` if it was sent and no answer arrived.
    @discardableResult
    public func query(
        _ query: PostgresQuery, until: ContinuousClock.Instant? = nil
    ) async throws(PostgresError) -> PostgresRows {
        try await self.exclusively(until: until) { connection, deadline throws(PostgresError) in
            try await connection.run(query, until: deadline)
        }
    }

    /// Runs a statement if ``isUsable()``, and looks at the connection afterwards.
    /// - Returns: nil if the statement was not sent because the connection is not usable.
    func queryIfUsable(
        _ query: PostgresQuery, until: ContinuousClock.Instant?
    ) async throws(PostgresError) -> (value: PostgresRows, reuse: Reuse)? {
        guard self.isUsable() else { return nil }
        let rows = try await self.query(query, until: until)
        return (rows, self.transaction == .idle ? .possible : .insideTransaction)
    }

    /// Runs SQL text of several statements without parameters, for migrations. The text must be part of the program.
    public func runScript(_ sql: String) async throws(PostgresError) {
        try await self.exclusively { connection, deadline throws(PostgresError) in
            guard PQsendQuery(try connection.liveHandle(), sql) == 1 else { throw connection.lost(sent: false) }
            _ = try await connection.receive(until: deadline, sent: true)
        }
    }

    /// Whether the connection can run a statement: it is open, and the server has not closed its side.
    public func isUsable() -> Bool {
        guard let handle, !self.isBusy else { return false }
        // A server that ended the session has sent its reason or closed the socket; both are input outside a statement. libpq alone would
        // read the reason, miss the end behind it, and report the connection as good.
        var descriptor = pollfd(fd: PQsocket(handle), events: CShort(POLLIN), revents: 0)
        guard PQstatus(handle) == CONNECTION_OK, poll(&descriptor, 1, 0) == 0 else {
            self.drop()
            return false
        }
        return true
    }

    /// Whether a pool may lend the connection again.
    enum Reuse {
        case possible
        /// Another caller's statements would become part of a transaction that it did not begin.
        case insideTransaction
        case closed
    }

    /// Whether the connection may be lent again.
    func reuse() -> Reuse {
        guard self.isUsable() else { return .closed }
        return self.transaction == .idle ? .possible : .insideTransaction
    }

    /// Closes the connection. A statement in progress fails with its outcome unknown.
    public func close() {
        self.drop()
        self.executor.interrupt()
    }

    private func exclusively<Value: Sendable>(
        until: ContinuousClock.Instant? = nil,
        _ body: (isolated PostgresConnection, ContinuousClock.Instant) async throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        precondition(!self.isBusy, "a connection runs one statement at a time: lease it exclusively")
        if let until, until <= .now {
            throw PostgresError(.poolExhausted, detail: "the caller's time was over before the statement was sent")
        }
        self.isBusy = true
        defer { self.isBusy = false }
        do {
            let latest = ContinuousClock.now + self.answerTimeout
            return try await body(self, until.map { min($0, latest) } ?? latest)
        } catch {
            if error.endsConnection { self.drop() }
            throw error
        }
    }

    private func run(_ query: PostgresQuery, until deadline: ContinuousClock.Instant) async throws(PostgresError) -> PostgresRows {
        let name = try await self.prepare(query, until: deadline)
        let handle = try self.liveHandle()
        let parameters = query.parameters
        let sent = parameters.withPointers { values, lengths, formats in
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

    // MARK: - Sending and receiving

    /// Sends what is buffered and reads results until libpq has no more.
    /// - Returns: the last result with rows or a count.
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
            switch PostgresResult(result, sent: sent) {
            case .rows(let received): rows = received
            case .empty: break
            case .failure(let error): failure = failure ?? error
            case .unexpected(let status):
                throw PostgresError(.unexpectedResult, detail: "the statement was answered with \(status)", outcomeIsUnknown: sent)
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
                // The server may wait for this side to read while this side waits for the server to read.
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
            switch PostgresResult(result, sent: sent) {
            case .failure(let error) where error.sqlState != nil: return error
            case .failure, .rows, .empty: continue
            case .unexpected: break
            }
            break
        }
        let message = self.handle.flatMap { PQerrorMessage($0) }.map { String(cString: $0) }
        return PostgresError(.connectionLost, detail: "the connection broke", serverMessage: message, outcomeIsUnknown: sent)
    }

    func drop() {
        if let handle { PQfinish(handle) }
        self.handle = nil
        self.statements = [:]
    }
}
