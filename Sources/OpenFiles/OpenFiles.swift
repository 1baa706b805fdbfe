import Foundation

/// How many descriptors this process may have.
enum OpenFiles {
    #if os(Linux)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif

    /// As many as an ordinary process may allow itself: each connection is one, and the usual limit is 1,024.
    static func raiseLimit() {
        var limit = rlimit()
        guard getrlimit(self.resource, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(self.resource, &limit)
    }
}
