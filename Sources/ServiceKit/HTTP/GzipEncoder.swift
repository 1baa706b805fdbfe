import CLibZ
import NIOCore

/// Compresses a stream of bytes into the format gzip (RFC 1952) by zlib.
///
/// One at a time may use it. It holds about 80 KiB until it goes.
final class GzipEncoder {
    /// On the heap and never moved: zlib keeps a pointer to it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Fast: of our JSON and CSV level 9 would save little more, at several times the cost.
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

    /// What `input` adds to the coded stream; it may be nothing yet.
    func encode(_ input: ByteBuffer) -> ByteBuffer {
        self.run(input, flush: Z_NO_FLUSH)
    }

    /// The rest of the coded stream. Nothing may be encoded after it.
    func finish() -> ByteBuffer {
        self.run(ByteBuffer(), flush: Z_FINISH)
    }

    private func run(_ input: ByteBuffer, flush: Int32) -> ByteBuffer {
        var output = ByteBuffer()
        input.withUnsafeReadableBytes { bytes in
            // zlib only reads from it, but its type says otherwise; it is used up before this closure ends.
            self.stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
            self.stream.pointee.avail_in = UInt32(bytes.count)
            var isFull = true
            while isFull {
                output.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.outputMinBytes) { space in
                    self.stream.pointee.next_out = space.bindMemory(to: UInt8.self).baseAddress
                    self.stream.pointee.avail_out = UInt32(space.count)
                    // With space to write to it cannot fail (zlib.h, deflate); with some left over it has done all it can.
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
