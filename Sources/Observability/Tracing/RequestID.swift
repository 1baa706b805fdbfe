import Foundation
import NIOConcurrencyHelpers

/// Names one request, or one command, in its answer, its problem and the logs.
package enum RequestID {
    /// A new UUID, version 4 (RFC 9562 §5.4), lower case.
    package static func new() -> String {
        let random = BufferedRandom()
        let high = random.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return String(unsafeUninitializedCapacity: 36) { text in
            var position = 0
            for index in 0..<32 {
                if index == 8 || index == 12 || index == 16 || index == 20 {
                    text[position] = UInt8(ascii: "-")
                    position += 1
                }
                let half = index < 16 ? high : low
                let digit = UInt8(truncatingIfNeeded: half >> UInt64(60 - 4 * (index & 15))) & 15
                text[position] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                position += 1
            }
            return position
        }
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
