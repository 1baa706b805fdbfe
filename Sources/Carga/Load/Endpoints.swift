import NIOCore

/// The instances of one service, taken in turn. Used on its event loop only.
final class Endpoints {
    private let pools: [ConnectionPool]
    private var next = 0

    /// - Parameter limits: of each instance.
    init(_ addresses: [HTTPAddress], token: Token, eventLoop: any EventLoop, limits: ConnectionPool.Limits) {
        self.pools = addresses.map { ConnectionPool(address: $0, token: token, eventLoop: eventLoop, limits: limits) }
    }

    /// The instance whose turn it is, unless every connection to it is busy, then another that has one free; nil if none has.
    func choose() -> ConnectionPool? {
        for _ in self.pools.indices {
            let pool = self.pools[self.next]
            self.next = (self.next + 1) % self.pools.count
            if pool.hasRoom { return pool }
        }
        return nil
    }

    func enforceDeadlines(_ now: NIODeadline) {
        for pool in self.pools { pool.enforceDeadlines(now) }
    }

    func close() {
        for pool in self.pools { pool.close() }
    }
}
