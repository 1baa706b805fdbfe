import NIOCore

/// What a connection is used for.
enum ConnectionUse: Int, CaseIterable {
    /// No complete head of a request has arrived yet.
    case new
    /// A request is being handled.
    case busy
    /// Every request is answered. The rest of the last one's body may still arrive.
    case idle
    /// The client does not read the answer.
    case stalled
}

/// The open connections of a listener, and which of them to close when there are too many: pure state, no clock, no I/O.
///
/// Every newcomer is accepted as long as another connection can be closed for it. A connection that handles a request is never closed; while
/// all handle one, some more may be open. The order of closing:
/// 1. the oldest one without a first request, if it is older than ``newAgeMin`` or if half of all connections are such ones: they are what a
///    flood of connections consists of;
/// 2. the one that has been idle for longest;
/// 3. the oldest one without a first request;
/// 4. the one whose client has not read for longest, if that is at least ``stalledAgeMin``.
///
/// A place is an index of ``entries``; the places of one use are a doubly linked list, oldest first. All steps take constant time.
struct ConnectionTable<Connection: Sendable>: Sendable {
    typealias Place = Int

    enum Opening: Sendable {
        /// The newcomer has the place; the displaced connection is to be closed, if it is still unused.
        case accepted(Place, displaced: Connection?)
        /// The newcomer is to be closed.
        case refused
    }

    private struct Entry: Sendable {
        /// `nil`: the place is free.
        var connection: Connection?
        /// `nil`: displaced, and not closed yet.
        var use: ConnectionUse?
        /// When the use began.
        var since: NIODeadline
        var previous: Place?
        var next: Place?
    }

    private struct Queue {
        var first: Place?
        var last: Place?
        var count = 0
    }

    private let connectionsMax: Int
    private let busyExtraMax: Int
    private let newAgeMin: TimeAmount = .seconds(1)
    private let stalledAgeMin: TimeAmount = .seconds(5)

    private var entries: [Entry] = []
    private var free: [Place] = []
    private var queues = [Queue](repeating: Queue(), count: ConnectionUse.allCases.count)
    private var displacedCount = 0

    /// - Parameters:
    ///   - connectionsMax: connections open at the same time.
    ///   - busyExtraMax: further ones while no other can be closed.
    init(connectionsMax: Int, busyExtraMax: Int) {
        self.connectionsMax = connectionsMax
        self.busyExtraMax = busyExtraMax
    }

    /// Connections that are open and not displaced.
    var count: Int { self.entries.count - self.free.count - self.displacedCount }

    // MARK: - Changes

    mutating func open(_ connection: Connection, now: NIODeadline) -> Opening {
        var displaced: Connection?
        if self.count >= self.connectionsMax {
            displaced = self.displace(now: now)
            if displaced == nil, self.count >= self.connectionsMax + self.busyExtraMax { return .refused }
        }
        let entry = Entry(connection: connection, use: nil, since: now)
        let place: Place
        if let reused = self.free.popLast() {
            place = reused
            self.entries[place] = entry
        } else {
            place = self.entries.count
            self.entries.append(entry)
        }
        self.link(place, .new, now: now)
        return .accepted(place, displaced: displaced)
    }

    /// Chooses a connection to close.
    /// - Returns: `nil`: all handle requests.
    mutating func displace(now: NIODeadline) -> Connection? {
        guard let place = self.placeToClose(now: now) else { return nil }
        self.unlink(place)
        self.entries[place].use = nil
        self.displacedCount += 1
        return self.entries[place].connection
    }

    /// The use of the connection has changed. A displaced one counts again.
    mutating func change(_ place: Place, to use: ConnectionUse, now: NIODeadline) {
        self.removeFromUse(place)
        self.link(place, use, now: now)
    }

    mutating func close(_ place: Place) {
        self.removeFromUse(place)
        self.entries[place].connection = nil
        self.free.append(place)
    }

    // MARK: - Order

    private func placeToClose(now: NIODeadline) -> Place? {
        let new = self.queues[ConnectionUse.new.rawValue]
        if let oldest = new.first {
            let isOld = self.entries[oldest].since + self.newAgeMin <= now
            if isOld || new.count > self.connectionsMax / 2 { return oldest }
        }
        if let idle = self.queues[ConnectionUse.idle.rawValue].first ?? new.first { return idle }
        guard let stalled = self.queues[ConnectionUse.stalled.rawValue].first else { return nil }
        return self.entries[stalled].since + self.stalledAgeMin <= now ? stalled : nil
    }

    // MARK: - Lists

    private mutating func removeFromUse(_ place: Place) {
        if self.entries[place].use == nil {
            self.displacedCount -= 1
        } else {
            self.unlink(place)
        }
    }

    /// Appends the place to the list of the use.
    private mutating func link(_ place: Place, _ use: ConnectionUse, now: NIODeadline) {
        let last = self.queues[use.rawValue].last
        self.entries[place].use = use
        self.entries[place].since = now
        self.entries[place].previous = last
        self.entries[place].next = nil
        if let last { self.entries[last].next = place } else { self.queues[use.rawValue].first = place }
        self.queues[use.rawValue].last = place
        self.queues[use.rawValue].count += 1
    }

    private mutating func unlink(_ place: Place) {
        guard let use = self.entries[place].use else { return }
        let (previous, next) = (self.entries[place].previous, self.entries[place].next)
        if let previous { self.entries[previous].next = next } else { self.queues[use.rawValue].first = next }
        if let next { self.entries[next].previous = previous } else { self.queues[use.rawValue].last = previous }
        self.queues[use.rawValue].count -= 1
    }
}
