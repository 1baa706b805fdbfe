package import Postgres

/// For readiness: whether each pool has a connection, so that no first request waits until one is made.
package struct WarmPools: Sendable {
    private let pools: [PostgresClient]

    package init(_ pools: [PostgresClient]) {
        self.pools = pools
    }

    /// Opens a connection where there is none. The pools limit its time.
    /// - Returns: nil if each pool has a connection; else the reason.
    package func run() async -> String? {
        await withTaskGroup(of: String?.self) { group in
            for pool in self.pools { group.addTask { await Self.warmUp(pool) } }
            return await group.reduce(nil) { $0 ?? $1 }
        }
    }

    private static func warmUp(_ pool: PostgresClient) async -> String? {
        do throws(PostgresError) {
            try await pool.warmUp()
            return nil
        } catch {
            return error.motivo
        }
    }
}
