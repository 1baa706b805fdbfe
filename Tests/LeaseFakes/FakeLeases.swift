package import ServiceRuntime

/// A lease in memory, with one holder at a time.
package actor FakeLeases<Access: Sendable>: LeaseSource, LeaseSession {
    /// The session has ended.
    package struct Ended: Error {}

    private let access: Access
    /// Whether the lease is held.
    package private(set) var isHeld = false
    /// How often it was handed out.
    package private(set) var count = 0
    /// How often a holder kept its session alive.
    package private(set) var keepAlives = 0

    package init(access: Access) {
        self.access = access
    }

    package func acquire() async throws -> Lease<Access>? {
        if self.isHeld { return nil }
        self.isHeld = true
        self.count += 1
        return Lease(access: self.access, session: self)
    }

    package func keepAlive() async throws {
        guard self.isHeld else { throw Ended() }
        self.keepAlives += 1
    }

    package func release() async {
        self.isHeld = false
    }

    /// Returns once the condition holds.
    package nonisolated func wait(until condition: @Sendable (isolated FakeLeases) -> Bool) async {
        while await !condition(self), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(1)) }
    }
}
