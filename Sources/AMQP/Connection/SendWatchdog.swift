import NIOConcurrencyHelpers

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Ends a write that does not come back.
///
/// The C library sends without a deadline: on a socket that stays full, behind a broker that reads no more, the call would hold its thread
/// for ever. `shutdown(2)` from outside makes it fail.
final class SendWatchdog: Sendable {
    private struct State {
        /// A duplicate of the socket's descriptor: the library may close its own at any time, and the number might be somebody else's by
        /// then.
        var descriptor: CInt = -1
        var deadline: ContinuousClock.Instant?
    }

    private static let interval: Duration = .seconds(1)

    private let state = NIOLockedValueBox(State())

    deinit { self.detach() }

    /// Watches this socket from now on.
    func attach(_ descriptor: CInt) {
        self.detach()
        let duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        self.state.withLockedValue { $0.descriptor = duplicate }
    }

    /// Watches nothing.
    func detach() {
        self.state.withLockedValue { state in
            if state.descriptor >= 0 { close(state.descriptor) }
            state = State()
        }
    }

    /// Runs calls that may write; they must be back by the deadline.
    func guarding<Result, Failure>(
        until deadline: ContinuousClock.Instant, _ calls: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        self.state.withLockedValue { $0.deadline = deadline }
        defer { self.state.withLockedValue { $0.deadline = nil } }
        return try calls()
    }

    /// Looks every second; returns when its task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: Self.interval) } catch { return }
            self.look(now: .now)
        }
    }

    func look(now: ContinuousClock.Instant) {
        self.state.withLockedValue { state in
            guard let deadline = state.deadline, deadline <= now, state.descriptor >= 0 else { return }
            _ = shutdown(state.descriptor, CInt(SHUT_RDWR))
        }
    }
}
