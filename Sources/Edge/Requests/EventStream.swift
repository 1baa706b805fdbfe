import HTTPTypes
package import Hummingbird
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTPTypes

/// A block of a stream of Server-Sent Events (HTML standard, §9.2), encoded once: any number of readers send the same bytes.
package struct EventBlock: Sendable, Equatable {
    /// The media type of the stream.
    static let contentType = "text/event-stream"

    let bytes: ByteBuffer

    /// An event.
    /// - Parameter data: one line, such as JSON without line breaks. An event without data is not dispatched by browsers.
    package init(event: String, id: String? = nil, data: [UInt8]) {
        var bytes = ByteBuffer()
        if let id { bytes.writeString("id: \(id)\n") }
        bytes.writeString("event: \(event)\ndata: ")
        bytes.writeBytes(data)
        bytes.writeString("\n\n")
        self.bytes = bytes
    }

    private init(_ bytes: ByteBuffer) {
        self.bytes = bytes
    }

    /// A line that readers ignore. It keeps proxies from closing a quiet connection.
    package static func comment(_ text: String) -> EventBlock {
        EventBlock(ByteBuffer(string: ": \(text)\n\n"))
    }

    /// The block as it is sent.
    package var text: String { String(buffer: self.bytes) }
}

extension CallContext {
    /// An answer that is a stream of events. It ends when a sink receives nil.
    ///
    /// - Parameter next: gives the next blocks to the sink. It is called again when the connection can be written to; if the caller does not
    ///   read, it is not called. It is released when the stream ends or its connection fails.
    package func eventStream(_ next: @escaping @Sendable (EventSink) -> Void) -> Response {
        var headers = HTTPFields.revalidated
        headers[.contentType] = EventBlock.contentType
        // nginx, which many ingress controllers use, would collect the events in a buffer.
        headers[.accelBuffering] = "no"
        let channel = self.channel
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                await EventOutput(channel, next).run()
                try await writer.finish(nil)
            })
    }
}

/// Writes one stream of events to its connection.
///
/// The blocks do not pass through the body's writer. With thousands of streams, waking the task of each body costs more than the writes. The
/// task waits for the end of the stream only.
final class EventOutput: Sendable {
    private struct State: Sendable {
        /// Nil: the stream has ended.
        var next: (@Sendable (EventSink) -> Void)?
        var task: CheckedContinuation<Void, Never>?

        /// - Returns: false if the stream has ended.
        mutating func open(_ task: CheckedContinuation<Void, Never>) -> Bool {
            guard self.next != nil else { return false }
            self.task = task
            return true
        }

        /// - Returns: what was held until now, to be released outside of the lock.
        mutating func end() -> State {
            let ended = self
            self = State(next: nil, task: nil)
            return ended
        }
    }

    private let channel: any Channel
    private let state: NIOLockedValueBox<State>

    init(_ channel: any Channel, _ next: @escaping @Sendable (EventSink) -> Void) {
        self.channel = channel
        self.state = NIOLockedValueBox(State(next: next, task: nil))
    }

    /// Writes blocks until the stream ends, its connection fails or the task is cancelled. The answer's head has been written.
    func run() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { task in
                // The cancellation handler may have run before.
                guard self.state.withLockedValue({ $0.open(task) }) else { return task.resume() }
                self.awaitBlocks()
            }
        } onCancel: {
            self.end()
        }
    }

    private func awaitBlocks() {
        guard let next = self.state.withLockedValue({ $0.next }) else { return }
        next(EventSink(eventLoop: self.channel.eventLoop) { self.write($0) })
    }

    /// On the thread of the connection.
    private func write(_ blocks: [EventBlock]?) {
        guard let blocks, self.channel.isActive else { return self.end() }
        // After the end the connection may have begun another answer.
        guard self.state.withLockedValue({ $0.next != nil }) else { return }
        for block in blocks { self.channel.write(HTTPResponsePart.body(block.bytes), promise: nil) }
        self.channel.flush()
        // A caller that never reads makes the connection unwritable after a while, however small the blocks are, and is then disconnected.
        if self.channel.isWritable { return self.awaitBlocks() }
        // An empty part has no bytes. It succeeds after everything that was written before.
        self.channel.writeAndFlush(HTTPResponsePart.body(ByteBuffer())).whenComplete { result in
            switch result {
            case .success: self.awaitBlocks()
            case .failure: self.end()
            }
        }
    }

    private func end() {
        let ended = self.state.withLockedValue { $0.end() }
        ended.task?.resume()
    }
}

extension HTTPField.Name {
    static let accelBuffering = Self("X-Accel-Buffering")!
}
