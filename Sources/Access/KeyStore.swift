import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle

/// The keys that verify tokens, refreshed periodically, so that keys are rotated without a restart.
///
/// While the source cannot be read or has no key set, the last valid keys stay in use, however old.
actor KeyStore {
    nonisolated private let box = NIOLockedValueBox<KeySet?>(nil)
    private let source: any KeySource
    private let logger: Logger
    private let now: @Sendable () -> ContinuousClock.Instant
    private var schedule: RefreshSchedule
    private var document: [UInt8]?
    private var generation = 0
    private var underWay: Task<Void, Never>?
    private var failure: String?

    init(source: any KeySource, logger: Logger, now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }) {
        self.source = source
        self.logger = logger
        self.now = now
        self.schedule = RefreshSchedule(source.limits, now: now())
    }

    /// The current keys; `nil`: none was loaded yet.
    nonisolated var current: KeySet? { self.box.withLockedValue { $0 } }

    /// The keys for a token with this `kid`. An unknown `kid` causes a refresh if the schedule allows one.
    nonisolated func keys(kid: String?) async -> KeySet? {
        if let keys = self.current, kid.map(keys.has(kid:)) ?? true { return keys }
        await self.refreshIfAllowed()
        return self.current
    }

    /// Refreshes the keys now, or joins the refresh under way.
    ///
    /// - Returns: why it failed; `nil`: it succeeded.
    @discardableResult
    func refresh() async -> String? {
        if let underWay = self.underWay {
            await underWay.value
            return self.failure
        }
        // Unstructured: several requests and the timer share one refresh, and the cancellation of one must not end it for the others.
        // Every source has a time limit.
        let task = Task { await self.refreshOnce() }
        self.underWay = task
        await task.value
        return self.failure
    }

    func run() async {
        await cancelWhenGracefulShutdown { await self.refreshOnSchedule() }
    }

    private func refreshOnSchedule() async {
        while !Task.isCancelled {
            if self.schedule.due <= self.now() {
                await self.refresh()
                continue
            }
            do {
                // A refresh on demand postpones the next one.
                try await Task.sleep(until: self.schedule.due)
            } catch {
                // Cancelled: the service ends.
                return
            }
        }
    }

    private func refreshIfAllowed() async {
        guard self.underWay != nil || self.schedule.mayAsk(now: self.now()) else { return }
        await self.refresh()
    }

    private func refreshOnce() async {
        do {
            let bytes = try await self.source.read()
            if bytes != self.document { try await self.load(bytes) }
            if self.failure != nil { self.logger.notice("the signing keys can be read again", metadata: ["source": "\(self.source.name)"]) }
            self.failure = nil
        } catch {
            self.failure = "\(error)"
            let metadata: Logger.Metadata = [
                "source": "\(self.source.name)", "error": "\(error)", "failures": "\(self.schedule.failures + 1)",
            ]
            if self.current == nil {
                self.logger.error("no signing keys: every token is answered 503 until they can be read", metadata: metadata)
            } else {
                self.logger.warning("signing keys cannot be read, the last good ones stay in use", metadata: metadata)
            }
        }
        self.schedule.looked(succeeded: self.failure == nil, now: self.now())
        self.underWay = nil
    }

    private func load(_ bytes: [UInt8]) async throws {
        let keys = try await KeySet.read(bytes, generation: self.generation + 1)
        self.generation += 1
        self.document = bytes
        self.box.withLockedValue { $0 = keys }
        let level: Logger.Level = keys.keys.isEmpty ? .error : keys.unusable.isEmpty ? .info : .notice
        self.logger.log(
            level: level, keys.keys.isEmpty ? "no usable signing key: every token is refused" : "signing keys loaded",
            metadata: [
                "source": "\(self.source.name)", "keys": "\(keys.keys.count)",
                "unusable": "\(keys.unusable.joined(separator: "; "))",
            ])
    }
}
