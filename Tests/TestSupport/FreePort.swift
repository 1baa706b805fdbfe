import Foundation
import NIOConcurrencyHelpers

/// Finds ports on loopback that nobody listens on.
package enum FreePort {
    private static let found = NIOLockedValueBox<Set<Int>>([])

    /// - Returns: a port that this process has not received before, so that two instances never share one, not even one after the other:
    ///   a client of the first could meet the second.
    package static func find() throws -> Int {
        while true {
            let port = try self.unused()
            if self.found.withLockedValue({ $0.insert(port).inserted }) { return port }
        }
    }

    /// A port that the kernel chooses.
    private static func unused() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw TestFailure("socket: errno \(errno)") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw TestFailure("bind: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
