package import Contrato
package import FluxoDeCaixa
package import Storage

/// What applied entries are read from and changed in.
package protocol AppliedEntries: Sendable {
    /// Applied entries in the order of their ids.
    func applied(_ range: Range<LancamentoID>, _ scope: AuditScope, limit: Int) async throws(StorageFailure) -> [LancamentoAplicavel]

    /// Removes entries from what was applied and from the balances; returns how many were there.
    func remove(_ ids: [LancamentoID]) async throws(StorageFailure) -> Int
}

/// Makes what was applied equal to what is registered, some hundred entries at a time.
package struct ExtractRepair: Sendable {
    /// How many entries one step changes.
    package static let stepEntriesMax = 500

    /// How many entries were changed.
    package struct Counts: Sendable, Equatable {
        package var removed = 0
        package var added = 0

        package init() {}
    }

    private let entries: any AppliedEntries
    private let balances: any SaldoRepository

    package init(entries: any AppliedEntries, balances: any SaldoRepository) {
        self.entries = entries
        self.balances = balances
    }

    /// Removes the orphans and adds the registered entries, replacing those that were applied with another content.
    ///
    /// An interruption between the two leaves replaced entries out until the next run.
    /// - Parameters:
    ///   - orphans: applied, but not registered.
    ///   - registered: to be applied as they are. A consumer may have applied them meanwhile.
    package func run(
        orphans: [LancamentoAplicavel], registered: [LancamentoAplicavel]
    ) async throws(StorageFailure) -> Counts {
        let known = registered.isEmpty ? [:] : try await self.applied(registered.map(\.id))
        let open = registered.filter { known[$0.id] != $0 }
        let stale = orphans.map(\.id) + open.filter { known[$0.id] != nil }.map(\.id)
        var counts = Counts()
        if !stale.isEmpty { counts.removed = try await self.entries.remove(stale.sorted()) }
        if !open.isEmpty { counts.added = try await self.apply(open.sorted { $0.id < $1.id }).count }
        return counts
    }

    private func applied(_ ids: [LancamentoID]) async throws(StorageFailure) -> [LancamentoID: LancamentoAplicavel] {
        do throws(ApplyFailure) {
            return try await self.balances.applied(ids)
        } catch {
            throw StorageFailure(error)
        }
    }

    private func apply(_ entries: [LancamentoAplicavel]) async throws(StorageFailure) -> Set<LancamentoID> {
        do throws(ApplyFailure) {
            return try await self.balances.apply(entries)
        } catch {
            throw StorageFailure(error)
        }
    }
}

extension StorageFailure {
    fileprivate init(_ failure: ApplyFailure) {
        self =
            switch failure {
            case .rowLocked: .lockHeld
            case .refused: .refused
            case .invalidData: .invalidData
            case .unavailable: .outcomeUnknown
            }
    }
}
