import Glibc
import SocketExecutor
import Testing

@testable import AMQP

struct SendWatchdogTests {
    private func socketPair() throws -> (CInt, CInt) {
        var ends: [CInt] = [-1, -1]
        let made = socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends)
        try #require(made == 0)
        return (ends[0], ends[1])
    }

    /// Whether the peer sees the end of the stream.
    private func isShut(_ peer: CInt) -> Bool {
        var byte: UInt8 = 0
        return recv(peer, &byte, 1, CInt(MSG_DONTWAIT)) == 0
    }

    @Test func `shuts the socket of a call that is late`() throws {
        let (mine, peer) = try self.socketPair()
        defer { close(mine); close(peer) }
        let watchdog = SendWatchdog()
        watchdog.attach(mine)
        let now = ContinuousClock.now
        watchdog.guarding(until: now + .seconds(10)) {
            watchdog.look(now: now + .seconds(9))
            #expect(!self.isShut(peer))
            watchdog.look(now: now + .seconds(10))
            #expect(self.isShut(peer))
        }
    }

    @Test func `leaves the socket alone between calls and after detaching`() throws {
        let (mine, peer) = try self.socketPair()
        defer { close(mine); close(peer) }
        let watchdog = SendWatchdog()
        watchdog.attach(mine)
        let now = ContinuousClock.now
        watchdog.guarding(until: now) {}
        watchdog.look(now: now + .seconds(100))
        #expect(!self.isShut(peer))
        watchdog.guarding(until: now) {
            watchdog.detach()
            watchdog.look(now: now + .seconds(100))
            #expect(!self.isShut(peer))
        }
    }

    @Test func `wakes a write that blocks`() async throws {
        let (mine, peer) = try self.socketPair()
        defer { close(mine); close(peer) }
        let watchdog = SendWatchdog()
        watchdog.attach(mine)
        // Nothing reads: without the watchdog the write would not end.
        async let _: Void = watchdog.run()
        #expect(await Writer().fill(mine, watchdog) == EPIPE)
    }
}

/// Blocks its own thread, not one of the pool.
private actor Writer {
    private nonisolated let executor = BrokerThread.makeExecutor(name: "writer")
    nonisolated var unownedExecutor: UnownedSerialExecutor { self.executor.asUnownedSerialExecutor() }

    isolated deinit { self.executor.stop() }

    func fill(_ descriptor: CInt, _ watchdog: SendWatchdog) -> CInt {
        let bytes = [UInt8](repeating: 0, count: 65_536)
        return watchdog.guarding(until: .now) {
            while send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) >= 0 {}
            return errno
        }
    }
}
