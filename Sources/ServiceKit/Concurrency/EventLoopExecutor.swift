package import NIOCore

/// Runs the jobs of tasks that prefer it on the thread of an event loop.
///
/// A task whose socket lives on that loop is woken by it: run there, too, it needs no other thread to be woken for each part of a request and
/// for each part of its answer.
package final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    /// - Parameter eventLoop: outlives the tasks.
    package init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        self.eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
