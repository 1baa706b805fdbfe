import NIOConcurrencyHelpers

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Ends a write that does not return.
///
/// Writes have no deadline: on a socket that stays full, because the broker stopped reading, a call would block its thread without end.
/// `shutdown(2)` from another thread makes it fail.
final class SendWatchdog: Sendable {
    private struct State {
        /// A duplicate of the socket's descriptor: the library may close its own at any time, and the number may then be reused.
        var descriptor: CInt = -1
        var deadline: ContinuousClock.Instant?
    }

    private static let interval: Duration = .seconds(1)

    private let state = NIOLockedValueBox(State())

    deinit { self.detach() }

    /// Watches this socket.
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

    /// Runs calls that may write; they must return by the deadline.
    func guarding<Result, Failure>(
        until deadline: ContinuousClock.Instant, _ calls: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        self.state.withLockedValue { $0.deadline = deadline }
        defer { self.state.withLockedValue { $0.deadline = nil } }
        return try calls()
    }

    /// Looks every second, never on the thread that it watches; returns when its task is cancelled.
    @concurrent func run() async {
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
