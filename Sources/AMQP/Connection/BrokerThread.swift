import SocketExecutor

/// What the C library needs of the thread that runs it.
enum BrokerThread {
    /// librabbitmq decodes header tables by recursion without a limit, and a sender decides their depth: 26,000 arrays fit into one frame
    /// of 131,072 bytes and were seen to need between 2 and 4 MiB. The system's default may be 2 MiB (`ulimit -s unlimited`).
    private static let stackBytes = 16 * 1024 * 1024

    /// Publishers and consumers are made once, when a program starts: one that has no descriptor or thread left then cannot run at all.
    static func makeExecutor(name: String) -> SocketExecutor {
        do {
            return try SocketExecutor(name: name, stackBytes: self.stackBytes)
        } catch {
            preconditionFailure("no descriptor or thread left: errno \(error.code)")
        }
    }
}
