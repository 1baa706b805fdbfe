import NIOConcurrencyHelpers

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A serial executor with one thread that runs one actor's jobs and, when there are none, sleeps in `poll(2)` on the descriptors that the
/// actor waits for and on a wake pipe.
///
/// It lets an actor own a C connection whose library reads and writes its own socket. The actor's isolation is the I/O thread. The thread
/// sleeps until the socket is ready or a job is queued. A C call that blocks delays this actor alone, never the cooperative pool.
///
/// The thread keeps the executor alive until ``stop()``. The owner calls `stop()` as the last thing in its
/// `isolated deinit`: then no job of the actor is left and none can be queued.
package final class SocketExecutor: SerialExecutor {
    /// What ended a wait.
    package enum Wakeup: Sendable, Equatable {
        /// The descriptor can be read or written, or is at its end or in error: the library's next call on it reports which.
        case ready
        /// The deadline passed.
        case timedOut
        /// ``interrupt()`` was called.
        case interrupted
        /// The waiting task was cancelled.
        case cancelled
    }

    /// What a wait on a descriptor waits for.
    package struct Interest: OptionSet, Sendable {
        package let rawValue: CShort
        package init(rawValue: CShort) { self.rawValue = rawValue }
        package static let read = Interest(rawValue: CShort(POLLIN))
        package static let write = Interest(rawValue: CShort(POLLOUT))
    }

    private struct Waiter {
        let id: UInt64
        let descriptor: CInt
        let interest: Interest
        let deadline: ContinuousClock.Instant?
        let continuation: CheckedContinuation<Wakeup, Never>
    }

    private struct State {
        var jobs: [UnownedJob] = []
        var waiters: [Waiter] = []
        var nextWaiter: UInt64 = 0
        /// Ids that were cancelled before their wait was registered.
        var cancelledEarly: Set<UInt64> = []
        var stopping = false
        /// A byte is in the wake pipe, or the thread is running and will look at the state before it sleeps.
        var awake = true
    }

    private let name: String
    private let stackBytes: Int?
    private let state = NIOLockedValueBox(State())
    private let wakeReader: CInt
    private let wakeWriter: CInt

    /// - Parameters:
    ///   - name: shown as the thread's name (the kernel keeps 15 bytes of it).
    ///   - stackBytes: the thread's stack, for libraries whose recursion depends on input; nil is the system's default, which follows
    ///     `ulimit -s`. Only used pages need memory.
    /// - Throws: ``OutOfResources`` if the process has no descriptor or no thread left.
    package init(name: String, stackBytes: Int? = nil) throws(OutOfResources) {
        self.name = name
        self.stackBytes = stackBytes
        var ends: [CInt] = [-1, -1]
        let made = ends.withUnsafeMutableBufferPointer { pipe($0.baseAddress!) }
        guard made == 0 else { throw OutOfResources(code: errno) }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        self.wakeReader = ends[0]
        self.wakeWriter = ends[1]
        try self.startThread()
    }

    /// The process may open no more descriptors or start no more threads.
    package struct OutOfResources: Error {
        /// `errno`
        package let code: CInt
    }

    deinit {
        close(self.wakeReader)
        close(self.wakeWriter)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let wake = self.state.withLockedValue { state in
            state.jobs.append(job)
            return Self.markAwake(&state)
        }
        if wake { self.wake() }
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    /// Suspends the calling actor job until the descriptor is ready, the deadline passes, the task is cancelled or ``interrupt()`` is
    /// called.
    ///
    /// The actor runs other jobs meanwhile. Several waits may be pending at once.
    /// - Parameters:
    ///   - interest: reading, writing or both.
    ///   - descriptor: the socket; a negative one makes this a plain, interruptible sleep.
    ///   - deadline: nil waits without limit.
    ///   - isolation: the calling actor. The wait is registered in the caller's own job, so no ``interrupt()`` is lost between its last
    ///     look at its state and the registration. Without the parameter the cancellation handler's closure ran on the pool (Swift 6.3.1).
    package func wait(
        for interest: Interest,
        on descriptor: CInt,
        until deadline: ContinuousClock.Instant?,
        isolation: isolated (any Actor)? = #isolation
    ) async -> Wakeup {
        let id = self.state.withLockedValue { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let wakeup = await withTaskCancellationHandler {
            // The capture makes this closure run on the actor.
            _ = isolation
            return await withCheckedContinuation { continuation in
                let (cancelled, wake) = self.state.withLockedValue { state in
                    if state.cancelledEarly.remove(id) != nil { return (true, false) }
                    state.waiters.append(
                        Waiter(id: id, descriptor: descriptor, interest: interest, deadline: deadline, continuation: continuation)
                    )
                    return (false, Self.markAwake(&state))
                }
                if cancelled { continuation.resume(returning: .cancelled) }
                if wake { self.wake() }
            }
        } onCancel: {
            let waiter = self.state.withLockedValue { state in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                    state.cancelledEarly.insert(id)
                    return Waiter?.none
                }
                return state.waiters.remove(at: index)
            }
            waiter?.continuation.resume(returning: .cancelled)
        }
        // A cancellation after the end of the wait has left its id here.
        self.state.withLockedValue { _ = $0.cancelledEarly.remove(id) }
        return wakeup
    }

    /// Ends every pending wait with ``Wakeup/interrupted``.
    package func interrupt() {
        let waiters = self.state.withLockedValue { state in
            defer { state.waiters.removeAll() }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: .interrupted) }
    }

    /// Ends the thread after the queued jobs; pending waits end with ``Wakeup/interrupted``.
    ///
    /// Never waits for the thread: the caller may be that thread.
    package func stop() {
        let wake = self.state.withLockedValue { state in
            state.stopping = true
            return Self.markAwake(&state)
        }
        if wake { self.wake() }
        self.interrupt()
    }

    // MARK: - The thread

    private func startThread() throws(OutOfResources) {
        // The thread retains the executor while it runs: takeRetainedValue balances this.
        let box = Unmanaged.passRetained(self).toOpaque()
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        if let stackBytes {
            let code = pthread_attr_setstacksize(&attributes, stackBytes)
            precondition(code == 0, "pthread_attr_setstacksize: \(code)")
        }
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                let executor = Unmanaged<SocketExecutor>.fromOpaque(argument!).takeRetainedValue()
                executor.run()
                return nil
            }, box)
        guard code == 0 else {
            Unmanaged<SocketExecutor>.fromOpaque(box).release()
            throw OutOfResources(code: code)
        }
        pthread_detach(thread)
    }

    private func run() {
        self.nameThread()
        var jobs: [UnownedJob] = []
        while true {
            let stop = self.state.withLockedValue { state in
                swap(&jobs, &state.jobs)
                return jobs.isEmpty && state.stopping
            }
            if stop { return }
            for job in jobs { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
            let ran = !jobs.isEmpty
            jobs.removeAll(keepingCapacity: true)
            self.pollOnce(blocking: !ran)
        }
    }

    /// Names the thread for `top` and debuggers. `pthread_setname_np` is not in Swift's Glibc (it needs `_GNU_SOURCE`); writing to this file
    /// does the same. Where the file is missing the thread stays unnamed.
    private func nameThread() {
        guard let file = fopen("/proc/thread-self/comm", "w") else { return }
        fputs(String(self.name.prefix(15)), file)
        fclose(file)
    }

    /// Polls the descriptors, waiting only if no job is queued, and resumes the waits that end.
    private func pollOnce(blocking: Bool) {
        var descriptors = [pollfd(fd: self.wakeReader, events: CShort(POLLIN), revents: 0)]
        var ids: [UInt64] = []
        let timeout = self.state.withLockedValue { state -> CInt in
            for waiter in state.waiters {
                descriptors.append(pollfd(fd: waiter.descriptor, events: waiter.interest.rawValue, revents: 0))
                ids.append(waiter.id)
            }
            guard blocking, state.jobs.isEmpty, !state.stopping else { return 0 }
            state.awake = false
            return Self.milliseconds(until: state.waiters.compactMap(\.deadline).min())
        }
        if !blocking && ids.isEmpty { return }
        let count = poll(&descriptors, nfds_t(descriptors.count), timeout)
        let now = ContinuousClock.now
        let woken = self.state.withLockedValue { state -> [(Waiter, Wakeup)] in
            state.awake = true
            var woken: [(Waiter, Wakeup)] = []
            state.waiters.removeAll { waiter in
                if count > 0, let position = ids.firstIndex(of: waiter.id), descriptors[position + 1].revents != 0 {
                    woken.append((waiter, .ready))
                    return true
                }
                if let deadline = waiter.deadline, deadline <= now {
                    woken.append((waiter, .timedOut))
                    return true
                }
                return false
            }
            return woken
        }
        if count > 0, descriptors[0].revents != 0 { self.drainPipe() }
        for (waiter, wakeup) in woken { waiter.continuation.resume(returning: wakeup) }
    }

    private static func milliseconds(until deadline: ContinuousClock.Instant?) -> CInt {
        guard let deadline else { return -1 }
        let (seconds, attoseconds) = (deadline - .now).components
        if seconds < 0 || attoseconds < 0 { return 0 }
        // Rounded up, so that the deadline has passed when poll returns.
        return CInt(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }

    /// - Returns: whether the thread sleeps and a byte must be sent to wake it.
    private static func markAwake(_ state: inout State) -> Bool {
        guard !state.awake else { return false }
        state.awake = true
        return true
    }

    private func wake() {
        var byte: UInt8 = 1
        // A full pipe wakes the thread, too.
        _ = write(self.wakeWriter, &byte, 1)
    }

    private func drainPipe() {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
            while read(self.wakeReader, buffer.baseAddress!, buffer.count) == buffer.count {}
        }
    }
}
