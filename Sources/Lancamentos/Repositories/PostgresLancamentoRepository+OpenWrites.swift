import Logging
import NIOConcurrencyHelpers
import Postgres
package import Storage

/// How a look-up learns that what it did not find cannot be committed any more.
///
/// A transaction that writes entries holds the lock `ROW EXCLUSIVE` of the table until its end, which is after the wait for a replica. The
/// lock shows in `pg_locks`, for every session of every instance. Reading it assigns no transaction id and writes nothing. An insert of
/// the same id that is rolled back would see the transaction too, but each one leaves a dead row with its index entries, and a look-up of a
/// key has no id. An advisory lock for each entry would need a place in the shared lock table for each row that is being written.
extension PostgresLancamentoRepository {
    private static let pauseMin: Duration = .milliseconds(2)
    private static let pauseMax: Duration = .milliseconds(50)

    package func openWritesEnd(
        within wait: Duration, until deadline: ContinuousClock.Instant
    ) async throws(StorageFailure) -> Bool {
        do throws(PostgresError) {
            return try await self.writesEnd(within: wait, until: deadline)
        } catch {
            self.logger.debug("query failed", metadata: ["error": "\(error)"])
            throw StorageFailure(error)
        }
    }

    private func writesEnd(within wait: Duration, until deadline: ContinuousClock.Instant) async throws(PostgresError) -> Bool {
        let end = min(deadline, .now + wait)
        var open = try await self.openWrites(until: deadline)
        var pause = Self.pauseMin
        while !open.isEmpty {
            guard .now + pause < end, (try? await Task.sleep(for: pause)) != nil else { return false }
            pause = min(pause * 2, Self.pauseMax)
            open.formIntersection(try await self.openWrites(until: deadline))
        }
        return true
    }

    /// Normally returns at once. After a write with an unknown outcome it looks whether transactions are open that do not end. Their commits
    /// wait, as this one's would, and nobody can end them but the server: each further one would hold another session of it.
    func waitForEarlierWrites(until deadline: ContinuousClock.Instant) async throws(StorageFailure) {
        guard self.writes.withLockedValue({ $0.mayBeOpen }) else { return }
        let isOver: Bool
        do throws(PostgresError) {
            isOver = try await self.earlierWritesEnd(until: deadline)
        } catch {
            self.logger.debug("query failed", metadata: ["error": "\(error)"])
            // Whatever happened to this question, the write was not sent.
            throw error.code == .poolExhausted ? .overloaded : .unavailable
        }
        guard isOver else { throw .earlierCallsOpen }
    }

    private static let earlierWritesMax: Duration = .milliseconds(500)

    /// Whether no write with an unknown outcome is open any more.
    func earlierWritesEnd(until deadline: ContinuousClock.Instant) async throws(PostgresError) -> Bool {
        guard self.writes.withLockedValue({ $0.mayBeOpen }) else { return true }
        guard try await self.writesEnd(within: Self.earlierWritesMax, until: deadline) else { return false }
        self.writes.withLockedValue { $0.mayBeOpen = false }
        return true
    }

    /// The transactions that write entries now. (A snapshot's list of running transactions lacks those that began after the last one to end.)
    private func openWrites(until deadline: ContinuousClock.Instant) async throws(PostgresError) -> Set<String> {
        let query: PostgresQuery = """
            select virtualtransaction from pg_locks
            where locktype = 'relation' and mode = 'RowExclusiveLock' and granted
              and database = (select oid from pg_database where datname = current_database())
              and relation = 'lancamentos'::regclass
            """
        return Set(
            try await self.reads.query(query, until: deadline).read { columns throws(PostgresError) in try columns.next(String.self) })
    }
}
