package import NIOCore

/// Receives the next blocks of one stream of events, on the thread of its connection.
package struct EventSink: Sendable {
    /// Blocks for one sink; nil: its stream ends.
    package typealias HandOver = (sink: EventSink, blocks: [EventBlock]?)

    /// The pause between two slices of hand-overs to one thread.
    static let slicePause: Duration = .milliseconds(2)

    private let eventLoop: any EventLoop
    private let receive: @Sendable ([EventBlock]?) -> Void

    /// - Parameter receive: runs on the event loop.
    package init(eventLoop: any EventLoop, receive: @escaping @Sendable ([EventBlock]?) -> Void) {
        self.eventLoop = eventLoop
        self.receive = receive
    }

    /// Gives the sink its blocks; nil: its stream ends.
    package func send(_ blocks: [EventBlock]?) {
        self.eventLoop.execute { self.receive(blocks) }
    }

    /// Gives each sink its blocks.
    ///
    /// The sinks of one thread receive them in slices, which are spread over the time. Written at once, hundreds of them would hold up the
    /// other requests on that thread for some milliseconds.
    package static func send(_ handOvers: [HandOver], over time: Duration) {
        let slices = max(1, Int(time / self.slicePause))
        for handOvers in Dictionary(grouping: handOvers, by: { ObjectIdentifier($0.sink.eventLoop) }).values {
            let eventLoop = handOvers[0].sink.eventLoop
            let sliceSize = (handOvers.count + slices - 1) / slices
            eventLoop.execute { self.send(handOvers[...], sliceSize: sliceSize, on: eventLoop) }
        }
    }

    private static func send(_ handOvers: ArraySlice<HandOver>, sliceSize: Int, on eventLoop: any EventLoop) {
        for handOver in handOvers.prefix(sliceSize) { handOver.sink.receive(handOver.blocks) }
        let rest = handOvers.dropFirst(sliceSize)
        guard !rest.isEmpty else { return }
        eventLoop.scheduleTask(in: TimeAmount(self.slicePause)) { self.send(rest, sliceSize: sliceSize, on: eventLoop) }
    }
}
