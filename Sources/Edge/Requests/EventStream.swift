import HTTPTypes
package import Hummingbird
import NIOCore

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

extension Response {
    /// A stream of events, which ends when `next` returns nil.
    ///
    /// While the caller does not read, `next` is not called.
    /// - Parameter next: waits for the next blocks.
    package static func eventStream(_ next: @escaping @Sendable () async -> [EventBlock]?) -> Response {
        var headers = HTTPFields.revalidated
        headers[.contentType] = EventBlock.contentType
        // nginx, which many ingress controllers use, would collect the events in a buffer.
        headers[.accelBuffering] = "no"
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                while let blocks = await next() { try await writer.write(contentsOf: blocks.map(\.bytes)) }
                try await writer.finish(nil)
            })
    }
}

extension HTTPField.Name {
    static let accelBuffering = Self("X-Accel-Buffering")!
}
