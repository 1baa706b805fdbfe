import Foundation

/// How much processor time this process, or one of its threads, has used.
enum CPUTime {
    /// User and system together.
    static func used() -> Duration {
        var usage = rusage()
        // RUSAGE_SELF, whose type differs between platforms.
        getrusage(0, &usage)
        return Self.duration(usage.ru_utime) + Self.duration(usage.ru_stime)
    }

    /// By the thread that asks.
    static func usedByThread() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }

    private static func duration(_ time: timeval) -> Duration {
        .seconds(Int64(time.tv_sec)) + .microseconds(Int64(time.tv_usec))
    }
}
