package import NIOCore

/// Runs the jobs of a task on the thread of an event loop.
///
/// The event loop of a task's socket resumes the task. On the same thread no other thread is woken for each part of a request and of its
/// answer.
package final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    /// - Parameter eventLoop: must outlive the tasks.
    package init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        self.eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
