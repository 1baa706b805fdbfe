#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The number of descriptors that this process may have.
package enum OpenFiles {
    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif

    /// The limit that holds now; 0 if it cannot be read.
    package static var limit: Int {
        var limit = rlimit()
        return getrlimit(self.resource, &limit) == 0 ? Int(clamping: limit.rlim_cur) : 0
    }

    /// Raises the soft limit to the hard limit. Each connection is a descriptor, and the usual soft limit is 1,024, for programs that use
    /// `select(2)`.
    /// - Returns: the limit that holds now.
    @discardableResult
    package static func raiseLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(self.resource, &limit) == 0 else { return 0 }
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        return Int(clamping: setrlimit(self.resource, &limit) == 0 ? limit.rlim_cur : before)
    }
}
