import Logging
import Postgres
import TestSupport
import Testing

@Suite(.enabled(if: TestServers.postgresURL != nil, "needs the server that deploy/local/test starts"), .timeLimit(.minutes(2)))
struct PostgresConnectionTests {
    private func connect(_ change: (inout PostgresConfiguration) -> Void = { _ in }) async throws -> PostgresConnection {
        var configuration = try PostgresConfiguration.patient(try #require(TestServers.postgresURL))
        change(&configuration)
        return try await PostgresConnection.connect(configuration)
    }

    @Test func `every type comes back as it was sent`() async throws {
        let connection = try await self.connect()
        let numbers: [Int128?] = [0, nil, -1, 99_999_999_999_999_999_999_999_999_999_999_999_999]
        let rows = try await connection.query(
            """
            select \(true), \(Int64.min), \(Int32.max), \("açaí 🍇"), \(PostgresBytes([0, 255])), \(PostgresUUID(1)),
                   \(PostgresDate(daysSince2000: -730_119)), \(PostgresTimestamp(microsecondsSince2000: 5)), \(Int128(-42)),
                   \(String?.none), array_length(\(numbers), 1), (\(numbers))[4], (\(["", "b"]))[1], \("")
            """
        )
        let row = try #require(rows.first)
        #expect(try row.decode(0) == true)
        #expect(try row.decode(1) == Int64.min)
        #expect(try row.decode(2) == Int32.max)
        #expect(try row.decode(3) == "açaí 🍇")
        #expect(try row.decode(4) == PostgresBytes([0, 255]))
        #expect(try row.decode(5) == PostgresUUID(1))
        #expect(try row.decode(6) == PostgresDate(daysSince2000: -730_119))
        #expect(try row.decode(7) == PostgresTimestamp(microsecondsSince2000: 5))
        #expect(try row.decode(8) == Int128(-42))
        #expect(try row.decodeIfPresent(9, as: String.self) == nil)
        #expect(try row.decode(10) == Int32(4))
        #expect(try row.decode(11) == numbers[3])
        #expect(try row.decode(12) == "")
        #expect(try row.decode(13) == "")
    }

    @Test(arguments: [(StatementPlans.once, [6, 0]), (.eachRun, [0, 6]), (.automatic, [1, 5])])
    func `statements are planned when they are said to be`(plans: StatementPlans, genericAndCustom: [Int64]) async throws {
        let connection = try await self.connect { $0.plans = plans }
        for number in 0..<6 as Range<Int64> { _ = try await connection.query("select \(number) + 1") }
        let counts = try await connection.query(
            "select generic_plans, custom_plans from pg_prepared_statements where statement like '%+ 1'")
        let row = try #require(counts.first)
        #expect([try row.decode(0, as: Int64.self), try row.decode(1, as: Int64.self)] == genericAndCustom)
        let readsThrough = try await connection.query("select current_setting('enable_seqscan')")
        #expect(try readsThrough.first?.decode(0) == (plans == .once ? "off" : "on"))
        await connection.close()
    }

    @Test func `the server's error keeps its code and the connection stays usable`() async throws {
        let connection = try await self.connect()
        let error = await #expect(throws: PostgresError.self) { try await connection.query("select 1 / \(Int32(0))") }
        #expect(error?.sqlState == "22012")
        #expect(error?.isDataError == true)
        #expect(error?.isRetriable == false)
        #expect(error?.outcomeIsUnknown == false)
        #expect(try await connection.query("select 1").count == 1)
    }

    @Test func `a statement past the server's limit is retriable and known to have failed`() async throws {
        let connection = try await self.connect { $0.statementTimeout = .milliseconds(50) }
        let error = await #expect(throws: PostgresError.self) { try await connection.query("select pg_sleep(10)") }
        #expect(error?.sqlState == "57014")
        #expect(error?.isRetriable == true)
        #expect(error?.outcomeIsUnknown == false)
    }

    @Test func `a cancelled wait drops the connection and leaves the outcome open`() async throws {
        let connection = try await self.connect()
        let task = Task { try await connection.query("select pg_sleep(4)") }
        // The expected `code` does not depend on whether the statement is running when the task is cancelled.
        try await Task.sleep(for: .milliseconds(100))
        task.cancel()
        let error = await #expect(throws: PostgresError.self) { _ = try await task.value }
        #expect(error?.code == .cancelled)
        #expect(await connection.isUsable() == false)
    }

    @Test func `a session that the server ends is an unknown outcome`() async throws {
        let connection = try await self.connect()
        let pid: Int32 = try await #require(connection.query("select pg_backend_pid()").first).decode(0)
        let other = try await self.connect()
        let answer = Task { try await connection.query("select pg_sleep(4)") }
        try await other.waitUntilActive(pid: pid)
        try await other.query("select pg_terminate_backend(\(pid))")
        let error = await #expect(throws: PostgresError.self) { _ = try await answer.value }
        #expect(error?.sqlState == "57P01")
        #expect(error?.outcomeIsUnknown == true)
        #expect(await connection.isUsable() == false)
    }

    @Test func `a wrong password and a refused port say what and where`() async throws {
        let configuration = try PostgresConfiguration(url: "postgresql://nobody:secret@127.0.0.1:1/x", applicationName: "tests")
        let error = await #expect(throws: PostgresError.self) { try await PostgresConnection.connect(configuration) }
        #expect(error?.code == .connectFailed)
        #expect(error?.description.contains("127.0.0.1") == true)
        #expect(error?.description.contains("secret") == false)
    }

    /// libpq gives the result of a `COPY` again and again until the data is read or sent.
    @Test(arguments: ["copy (select 1) to stdout", "copy pg_temp.rows from stdin"] as [PostgresQuery])
    func `a statement that begins a COPY ends the connection with a clear error`(copy: PostgresQuery) async throws {
        for isScript in [false, true] {
            let connection = try await self.connect()
            try await connection.query("create temporary table rows (id integer)")
            let error = await #expect(throws: PostgresError.self) {
                if isScript { try await connection.runScript(copy.sql) } else { try await connection.query(copy) }
            }
            #expect(error?.code == .unexpectedResult)
            #expect(error?.isRetriable == false)
            #expect(error?.description.contains("PGRES_COPY_") == true)
            #expect(await connection.isUsable() == false)
        }
    }

    @Test func `a large parameter and a large result pass`() async throws {
        let connection = try await self.connect()
        let text = String(repeating: "0123456789", count: 1_000_000)
        let rows = try await connection.query("select \(text), length(\(text))")
        #expect(try rows.first?.decode(0, as: String.self).utf8.count == 10_000_000)
    }
}

extension PostgresConnection {
    /// Waits until another session runs a statement.
    fileprivate func waitUntilActive(pid: Int32) async throws {
        while try await self.query("select 1 from pg_stat_activity where pid = \(pid) and state = 'active' and wait_event = 'PgSleep'")
            .isEmpty
        {
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
