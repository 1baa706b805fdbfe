/// Assembles messages: a method with content is followed by a header and as many body frames as the header says (AMQP 0-9-1, 4.2.6), with
/// nothing else on the channel between them.
///
/// It works frame by frame and never waits in the middle of a message. A body over the limit is counted to its end and kept up to the limit.
struct ContentAssembler {
    /// A whole message.
    enum Content: Equatable {
        case delivery(DeliverMethod, AMQPProperties, body: [UInt8], bodyBytesTotal: UInt64)
        case returned(ReturnMethod, AMQPProperties)
    }

    /// What a frame led to.
    enum Step: Equatable {
        /// Part of a message that is not complete yet.
        case more
        case complete(Content)
        /// No part of a message.
        case other
        /// Not allowed here; the connection cannot go on.
        case violation(String)
    }

    private enum Method {
        case deliver(DeliverMethod)
        case returned(ReturnMethod)
    }

    private struct Open {
        var method: Method
        var properties: AMQPProperties
        var body: [UInt8]
        var bodyBytesTotal: UInt64
        var remaining: UInt64
    }

    private enum State {
        case idle
        case header(Method)
        case body(Open)
    }

    private let bodyBytesMax: Int
    private var state = State.idle

    init(bodyBytesMax: Int) { self.bodyBytesMax = bodyBytesMax }

    /// Accepts the next frame of the channel.
    mutating func receive(_ frame: BrokerFrame) -> Step {
        switch (self.state, frame) {
        case (.idle, .deliver(let method)):
            self.state = .header(.deliver(method))
            return .more
        case (.idle, .returned(let method)):
            self.state = .header(.returned(method))
            return .more
        case (.idle, .header): return .violation("a content header without a method")
        case (.idle, .body): return .violation("a content body without a header")
        case (.idle, _): return .other
        case (.header(let method), .header(let bodyBytes, let properties)):
            return self.begin(Open(method: method, properties: properties, body: [], bodyBytesTotal: bodyBytes, remaining: bodyBytes))
        case (.body(var open), .body(let bytes)):
            // The state lets go of the body before it grows; a second reference would make each fragment copy all earlier ones.
            self.state = .idle
            return self.append(bytes, to: &open)
        case (.header, _), (.body, _): return .violation("a frame in the middle of a message")
        }
    }

    /// The channel closed: an incomplete message stays incomplete.
    mutating func reset() { self.state = .idle }

    private mutating func begin(_ open: Open) -> Step {
        guard open.remaining == 0 else {
            self.state = .body(open)
            return .more
        }
        self.state = .idle
        return .complete(Self.content(open))
    }

    private mutating func append(_ bytes: [UInt8], to open: inout Open) -> Step {
        guard UInt64(bytes.count) <= open.remaining else { return .violation("a content body longer than its header says") }
        open.remaining -= UInt64(bytes.count)
        // A returned message is identified by its properties; its body is dropped.
        if case .deliver = open.method {
            let room = self.bodyBytesMax - open.body.count
            if open.body.isEmpty, bytes.count <= room { open.body = bytes } else { open.body += bytes.prefix(room) }
        }
        return self.begin(open)
    }

    private static func content(_ open: Open) -> Content {
        switch open.method {
        case .deliver(let method): .delivery(method, open.properties, body: open.body, bodyBytesTotal: open.bodyBytesTotal)
        case .returned(let method): .returned(method, open.properties)
        }
    }
}
