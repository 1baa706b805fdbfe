import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle

/// The keys that verify tokens, looked at again and again, so that keys are rotated without a restart.
///
/// While the source cannot be read, or holds no key set, the last good keys stay in use, however old.
actor KeyStore {
    nonisolated private let box = NIOLockedValueBox<KeySet?>(nil)
    private let source: any KeySource
    private let logger: Logger
    private let now: @Sendable () -> ContinuousClock.Instant
    private var schedule: RefreshSchedule
    private var document: [UInt8]?
    private var generation = 0
    private var underWay: Task<Void, Never>?
    /// Why the last look failed.
    private var failure: String?

    init(source: any KeySource, logger: Logger, now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }) {
        self.source = source
        self.logger = logger
        self.now = now
        self.schedule = RefreshSchedule(source.limits, now: now())
    }

    /// The keys as they are; `nil`: none was ever loaded.
    nonisolated var current: KeySet? { self.box.withLockedValue { $0 } }

    /// The keys for a token of this `kid`: looked at anew if none has that name and it is time for that.
    nonisolated func keys(kid: String?) async -> KeySet? {
        if let keys = self.current, kid.map(keys.has(kid:)) ?? true { return keys }
        await self.lookIfAllowed()
        return self.current
    }

    /// Makes a look now, or joins the one that is under way.
    ///
    /// - Returns: why it failed; `nil`: it did not.
    @discardableResult
    func look() async -> String? {
        if let underWay = self.underWay {
            await underWay.value
            return self.failure
        }
        // Unstructured: several requests and the timer wait for one look, and none of them may end it for the others by being cancelled.
        // It ends by itself: every source has a time limit.
        let task = Task { await self.lookOnce() }
        self.underWay = task
        await task.value
        return self.failure
    }

    /// Looks whenever it is time, until the shutdown.
    func run() async {
        await cancelWhenGracefulShutdown { await self.lookForEver() }
    }

    private func lookForEver() async {
        while !Task.isCancelled {
            if self.schedule.due <= self.now() {
                await self.look()
                continue
            }
            do {
                // A look that is asked for moves the time meanwhile.
                try await Task.sleep(until: self.schedule.due)
            } catch {
                // Cancelled: the service ends.
                return
            }
        }
    }

    private func lookIfAllowed() async {
        guard self.underWay != nil || self.schedule.mayAsk(now: self.now()) else { return }
        await self.look()
    }

    private func lookOnce() async {
        do {
            let bytes = try await self.source.read()
            if bytes != self.document { try await self.take(bytes) }
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

    private func take(_ bytes: [UInt8]) async throws {
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
