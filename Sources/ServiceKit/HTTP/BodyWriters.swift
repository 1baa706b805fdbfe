import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore

/// Compresses what is written on its way to another writer, piece by piece. Concurrent like the writer that it hands on to.
struct GzipBodyWriter: ResponseBodyWriter {
    private var next: any ResponseBodyWriter
    private let encoder: GzipEncoder

    init(next: any ResponseBodyWriter, encoder: GzipEncoder) {
        self.next = next
        self.encoder = encoder
    }

    @concurrent mutating func write(_ buffer: ByteBuffer) async throws {
        let coded = self.encoder.encode(buffer)
        if coded.readableBytes > 0 { try await self.next.write(coded) }
    }

    @concurrent consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        try await self.next.write(self.encoder.finish())
        try await self.next.finish(trailingHeaders)
    }
}

/// Keeps what is written. For bodies that are in memory already.
struct CollectingBodyWriter: ResponseBodyWriter {
    let collected = NIOLockedValueBox(ByteBuffer())

    func write(_ buffer: ByteBuffer) async throws {
        self.collected.withLockedValue { _ = $0.writeImmutableBuffer(buffer) }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
