import CLibZ
import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore

/// Compresses a stream of bytes into the format gzip (RFC 1952) by zlib.
///
/// Not for concurrent use. It occupies about 80 KiB.
final class GzipEncoder {
    /// On the heap and never moved: zlib keeps a pointer to it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Fast: for JSON and CSV level 9 saves little more at several times the cost.
    private static let level: Int32 = 3
    /// A window of 8 KiB, plus 16 for the gzip format: rows repeat within a few hundred bytes.
    private static let windowBits: Int32 = 13 + 16
    private static let memoryLevel: Int32 = 6
    private static let outputMinBytes = 4096

    /// `nil`: there is no memory for it.
    init?() {
        self.stream = .allocate(capacity: 1)
        self.stream.initialize(to: z_stream())
        let status = deflateInit2_(
            self.stream, Self.level, Z_DEFLATED, Self.windowBits, Self.memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            self.stream.deallocate()
            return nil
        }
    }

    deinit {
        deflateEnd(self.stream)
        self.stream.deallocate()
    }

    /// The bytes that `input` adds to the coded stream; may be empty.
    func encode(_ input: ByteBuffer) -> ByteBuffer {
        self.run(input, flush: Z_NO_FLUSH)
    }

    /// The rest of the coded stream. The encoder must not be used afterwards.
    func finish() -> ByteBuffer {
        self.run(ByteBuffer(), flush: Z_FINISH)
    }

    private func run(_ input: ByteBuffer, flush: Int32) -> ByteBuffer {
        var output = ByteBuffer()
        input.withUnsafeReadableBytes { bytes in
            // zlib only reads from it, although the type is mutable; zlib consumes it before this closure ends.
            self.stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
            self.stream.pointee.avail_in = UInt32(bytes.count)
            var isFull = true
            while isFull {
                output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.outputMinBytes) { space in
                    self.stream.pointee.next_out = space.bindMemory(to: UInt8.self).baseAddress
                    self.stream.pointee.avail_out = UInt32(space.count)
                    // With output space it cannot fail; with space left over all input is processed (zlib.h, deflate).
                    deflate(self.stream, flush)
                    isFull = self.stream.pointee.avail_out == 0
                    return space.count - Int(self.stream.pointee.avail_out)
                }
            }
            self.stream.pointee.next_in = nil
        }
        return output
    }
}

@available(*, unavailable)
extension GzipEncoder: Sendable {}

/// Compresses each piece before it passes it to another writer. Concurrent, like that writer.
struct GzipBodyWriter: ResponseBodyWriter {
    var next: any ResponseBodyWriter
    let encoder: GzipEncoder

    @concurrent mutating func write(_ buffer: ByteBuffer) async throws {
        let coded = self.encoder.encode(buffer)
        if coded.readableBytes > 0 { try await self.next.write(coded) }
    }

    @concurrent consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        try await self.next.write(self.encoder.finish())
        try await self.next.finish(trailingHeaders)
    }
}

/// Collects the pieces of a body that is in memory.
struct CollectingBodyWriter: ResponseBodyWriter {
    let collected = NIOLockedValueBox(ByteBuffer())

    func write(_ buffer: ByteBuffer) async throws {
        self.collected.withLockedValue { _ = $0.writeImmutableBuffer(buffer) }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
