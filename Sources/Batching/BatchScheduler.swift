import NIOCore
import NIOPosix

/// Where ``BatchWorkers`` run their timers and their batches.
package protocol BatchScheduler: Sendable {
    /// Runs `body` once after a delay.
    func schedule(in delay: Duration, _ body: @escaping @Sendable () -> Void)

    /// Returns the executor of the next worker; nil is the global one.
    func nextExecutor() -> (any TaskExecutor)?
}

/// The event loops of the requests, so that a hand-over wakes one thread less.
package struct EventLoopScheduler: BatchScheduler {
    package init() {}

    package func schedule(in delay: Duration, _ body: @escaping @Sendable () -> Void) {
        // The event loop of the current thread, if it has one: then no other thread is woken.
        _ = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: TimeAmount(delay), body)
    }

    package func nextExecutor() -> (any TaskExecutor)? {
        EventLoopExecutor(MultiThreadedEventLoopGroup.singleton.next())
    }
}
