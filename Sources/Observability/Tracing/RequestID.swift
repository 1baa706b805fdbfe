import FluxoDeCaixa
import Foundation
import NIOConcurrencyHelpers

/// Names one request, or one command, in its answer, its problem and the logs.
package enum RequestID {
    /// A new UUID, version 4 (RFC 9562 §5.4), lower case.
    package static func new() -> String {
        let random = BufferedRandom()
        let high = random.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return (UInt128(high) << 64 | UInt128(low)).uuidText
    }
}

/// The system's random numbers, read 32 at a time: one system call serves the ids of several requests.
///
/// Every value reads from one buffer of the process.
struct BufferedRandom: RandomNumberGenerator {
    private struct Buffer {
        var numbers: [UInt64] = []

        /// `getentropy(3)` gives at most 256 bytes a call.
        static let count = 32

        mutating func refill() {
            self.numbers = Array(repeating: 0, count: Self.count)
            let status = self.numbers.withUnsafeMutableBytes { getentropy($0.baseAddress!, $0.count) }
            guard status != 0 else { return }
            // A kernel without getrandom(2), or a sandbox that forbids it.
            var system = SystemRandomNumberGenerator()
            for index in self.numbers.indices { self.numbers[index] = system.next() }
        }
    }

    private static let buffer = NIOLockedValueBox(Buffer())

    func next() -> UInt64 {
        Self.buffer.withLockedValue { buffer in
            if buffer.numbers.isEmpty { buffer.refill() }
            return buffer.numbers.removeLast()
        }
    }
}
