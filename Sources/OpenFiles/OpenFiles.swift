#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How many descriptors this process may have.
package enum OpenFiles {
    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif

    /// Allows as many as an ordinary process may allow itself: each connection is one, and the usual limit is 1,024, for the sake of programs
    /// that use `select(2)`.
    /// - Returns: how many it may have now.
    @discardableResult
    package static func raiseLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(self.resource, &limit) == 0 else { return 0 }
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        return Int(clamping: setrlimit(self.resource, &limit) == 0 ? limit.rlim_cur : before)
    }
}
