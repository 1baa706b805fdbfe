import Logging
import NIOConcurrencyHelpers
import NIOCore

/// Limits the open connections of a listener: closes an unused one for each newcomer beyond the limit.
///
/// Newcomers are never left waiting in the kernel: a client that opens connections and sends nothing would keep everybody else out, the
/// probes of the operator included.
final class ConnectionLimit: Sendable {
    typealias Place = ConnectionTable<any Channel>.Place

    /// Time between two warnings, in seconds.
    private static let warningIntervalS: Int64 = 60

    private struct State {
        var table: ConnectionTable<any Channel>
        var nextWarning = NIODeadline.uptimeNanoseconds(0)
    }

    private let state: NIOLockedValueBox<State>
    private let connectionsMax: Int
    private let logger: Logger

    init(connectionsMax: Int, logger: Logger) {
        self.state = NIOLockedValueBox(
            State(table: ConnectionTable(connectionsMax: connectionsMax, busyExtraMax: Self.busyExtraMax(connectionsMax))))
        self.connectionsMax = connectionsMax
        self.logger = logger
    }

    /// Connections beyond the limit while all handle a request.
    private static func busyExtraMax(_ connectionsMax: Int) -> Int { max(16, connectionsMax / 8) }

    /// The limit that the descriptors of the process allow. Half of few descriptors, or all but 320 of many, are for connections; the rest is
    /// for databases, broker, event loops, and connections that are being closed.
    static func connectionsMax(configured: Int, openFilesMax: Int) -> Int {
        let forConnections = max(openFilesMax / 2, openFilesMax - 320)
        return min(configured, max(1, forConnections * 8 / 9 - 16))
    }

    /// Counts a connection, and closes another one if there are too many.
    /// - Returns: `nil`: the connection has to be closed.
    func open(_ channel: any Channel, now: NIODeadline) -> Place? {
        switch self.state.withLockedValue({ $0.table.open(channel, now: now) }) {
        case .accepted(let place, displaced: nil): return place
        case .accepted(let place, let displaced?):
            self.warn("too many connections: those without a request are closed", now: now)
            displaced.triggerUserOutboundEvent(ConnectionEvent.closeIfUnused, promise: nil)
            return place
        case .refused:
            self.warn("too many connections, and all handle requests: newcomers are closed", now: now)
            return nil
        }
    }

    /// Makes room after an accept that failed, as descriptors have run out: closes connections without a request, at most `count`.
    func acceptFailed(_ error: any Error, closing count: Int, now: NIODeadline) {
        self.warn("connections cannot be accepted, those without a request are closed", ["error": "\(error)"], now: now)
        let displaced = self.state.withLockedValue { state in (0..<count).compactMap { _ in state.table.displace(now: now) } }
        for channel in displaced { channel.triggerUserOutboundEvent(ConnectionEvent.closeIfUnused, promise: nil) }
    }

    private func warn(_ message: Logger.Message, _ metadata: Logger.Metadata = [:], now: NIODeadline) {
        let isDue = self.state.withLockedValue { state in
            guard state.nextWarning <= now else { return false }
            state.nextWarning = now + .seconds(Self.warningIntervalS)
            return true
        }
        guard isDue else { return }
        self.logger.warning(message, metadata: metadata.merging(["connections_max": "\(self.connectionsMax)"]) { $1 })
    }

    /// Reports that the use of a connection has changed.
    func change(_ place: Place, to use: ConnectionUse, now: NIODeadline) {
        self.state.withLockedValue { $0.table.change(place, to: use, now: now) }
    }

    /// Ends the count of a connection.
    func close(_ place: Place) {
        self.state.withLockedValue { $0.table.close(place) }
    }
}
