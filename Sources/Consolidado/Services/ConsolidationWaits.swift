package import Contrato
package import FluxoDeCaixa
package import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle
import Storage

/// Lets reads wait until entries are in the balance (`apos`).
///
/// All waiting reads of an instance share one database query about every ``Limits/checkInterval``, and the instance's own batches wake them at
/// once. The first query after a quiet period is not delayed.
package final class ConsolidationWaits: Service, Sendable {
    package struct Limits: Sendable {
        /// The highest number of waiting reads.
        package var waitersMax = 4096
        /// The highest number of awaited entries, counted for each read.
        package var idsMax = 16_384
        /// The shortest time between the beginnings of two queries.
        package var checkInterval: Duration = .milliseconds(25)

        package init() {}
    }

    private typealias Waiter = CheckedContinuation<Result<Void, ReadFailure>, Never>

    private struct State: Sendable {
        var reads: WaitingReads<Waiter>
        var nextKey: UInt64 = 0
    }

    private let repository: any SaldoReadRepository
    private let limits: Limits
    private let logger: Logger
    private let state: NIOLockedValueBox<State>
    private let arrivals: AsyncStream<Void>
    private let arrived: AsyncStream<Void>.Continuation

    package init(repository: any SaldoReadRepository, limits: Limits = Limits(), logger: Logger) {
        self.repository = repository
        self.limits = limits
        self.logger = logger
        self.state = NIOLockedValueBox(State(reads: WaitingReads(waitersMax: limits.waitersMax, idsMax: limits.idsMax)))
        // One token is enough: it stands for any number of reads.
        (self.arrivals, self.arrived) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingOldest(1))
    }

    /// Returns once all these entries are in balances that the filter covers. Later reads contain them.
    /// - Parameters:
    ///   - wait: the longest wait. Zero checks once.
    ///   - isWanted: whether the caller still waits for the answer.
    package func waitUntilApplied(
        _ ids: [LancamentoID], to filtro: FiltroDeConta, wait: Duration, isWanted: @escaping @Sendable () -> Bool
    ) async throws(ReadFailure) {
        let deadline = ContinuousClock.now + wait
        let key = self.state.withLockedValue { state in
            state.nextKey += 1
            return state.nextKey
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                let admission = self.state.withLockedValue {
                    $0.reads.add(key, ids: Set(ids), filtro: filtro, deadline: deadline, isWanted: isWanted, continuation: waiter)
                }
                switch admission {
                case .waits: self.arrived.yield()
                case .full: waiter.resume(returning: .failure(.sobrecarga))
                case .closed: waiter.resume(returning: .failure(.aindaNaoConsolidado))
                }
                // The cancellation handler may have run before the read was added.
                if Task.isCancelled { self.cancel(key) }
            }
        } onCancel: {
            self.cancel(key)
        }
        try result.get()
    }

    /// Wakes the reads that wait for entries of a batch of this instance: applied now, or before with the same content.
    package func applied(_ entries: [LancamentoAplicavel]) {
        let done = self.state.withLockedValue { state in
            state.reads.arrived(entries.lazy.map { (key: $0.id, value: $0.conta) })
        }
        for waiter in done { waiter.resume(returning: .success(())) }
    }

    /// Queries the awaited entries until graceful shutdown. The reads that still wait then fail with `aindaNaoConsolidado`.
    package func run() async {
        await cancelWhenGracefulShutdown {
            for await _ in self.arrivals {
                while await self.check() {}
            }
        }
        for waiter in self.state.withLockedValue({ $0.reads.close() }) { waiter.resume(returning: .failure(.aindaNaoConsolidado)) }
    }

    /// Runs one query and the pause after it.
    /// - Returns: false if no read waits or the task is cancelled.
    private func check() async -> Bool {
        let ids = self.state.withLockedValue { $0.reads.beginCheck() }
        if ids.isEmpty { return false }
        let start = ContinuousClock.now
        var succeeded = false
        do throws(StorageFailure) {
            let contas = try await self.repository.contasDosAplicados(ids)
            for waiter in self.state.withLockedValue({ $0.reads.arrived(contas) }) { waiter.resume(returning: .success(())) }
            succeeded = true
        } catch {
            self.logger.debug("could not look for the entries that reads wait for", metadata: ["failure": "\(error)"])
        }
        let ended = self.state.withLockedValue { $0.reads.endCheck(succeeded: succeeded, now: .now) }
        for (waiter, ending) in ended {
            waiter.resume(returning: .failure(ending == .late ? .aindaNaoConsolidado : .indisponivel))
        }
        return (try? await Task.sleep(until: start + self.limits.checkInterval, clock: .continuous)) != nil
    }

    private func cancel(_ key: UInt64) {
        self.state.withLockedValue { $0.reads.cancel(key) }?.resume(returning: .failure(.aindaNaoConsolidado))
    }
}
