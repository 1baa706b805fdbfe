import AMQP
import CRabbitMQ

extension FuzzTarget {
    private static let frameBytesMax: CInt = 4096

    /// The first byte is the size of the pieces. A stream has the same frames, up to the same fault, however it is cut.
    static func quadro(_ input: [UInt8]) -> String? {
        guard let first = input.first else { return nil }
        let stream = Array(input.dropFirst())
        let whole = Self.frames([stream])
        let cut = Self.frames(Self.pieces(of: stream, Int(first) + 1))
        if let fault = whole.fault ?? cut.fault { return fault }
        return whole.frames == cut.frames && whole.refused == cut.refused ? nil : "frames depend on where the stream is cut"
    }

    private struct Decoded {
        /// Each frame's kind and every byte that it points at.
        var frames: [[UInt8]] = []
        var refused = false
        var fault: String?
    }

    private static func frames(_ pieces: [[UInt8]]) -> Decoded {
        var decoded = Decoded()
        guard let connection = crmq_new_decoder(Self.frameBytesMax) else { return decoded }
        defer { crmq_free(connection) }
        for piece in pieces {
            var rest = piece[...]
            while !rest.isEmpty {
                var frame = crmq_frame()
                var consumed = 0
                let status = rest.withUnsafeBufferPointer {
                    crmq_decode(connection, crmq_bytes(bytes: $0.baseAddress, length: $0.count), &consumed, &frame)
                }
                guard status >= 0 else {
                    decoded.refused = true
                    return decoded
                }
                guard consumed <= rest.count, status == 1 || consumed == rest.count else {
                    decoded.fault = "status \(status) with \(consumed) of \(rest.count) bytes used up"
                    return decoded
                }
                rest = rest.dropFirst(consumed)
                if status == 1 { decoded.frames.append(Self.content(frame)) }
                crmq_release(connection)
            }
        }
        return decoded
    }

    /// Reads everything that the frame points at, so that a wild pointer is found.
    private static func content(_ frame: crmq_frame) -> [UInt8] {
        let properties = frame.properties
        let parts = [
            frame.text, frame.exchange, frame.routing_key, frame.body, properties.content_type, properties.content_encoding,
            properties.headers,
            properties.correlation_id, properties.reply_to, properties.expiration, properties.message_id, properties.type,
            properties.user_id,
            properties.app_id,
        ]
        return parts.reduce(into: [frame.kind]) { content, part in
            content.append(contentsOf: UnsafeBufferPointer(start: part.bytes, count: part.length))
            content.append(0xFF)
        }
    }

    /// An accepted table is passed on byte by byte, and its entries make an equal table.
    static func tabela(_ input: [UInt8]) -> String? {
        guard let table = AMQPTable(wireBytes: input) else { return nil }
        guard (try? table.wireBytes()) == input else { return "passed on with other bytes" }
        let entries = table.entries
        guard let again = try? AMQPTable(entries).wireBytes(), let read = AMQPTable(wireBytes: again) else {
            return "cannot be written again"
        }
        return read.entries == entries ? nil : "other entries when written and read again"
    }
}
