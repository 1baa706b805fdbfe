import Testing

@testable import Postgres

@Suite struct PostgresNumericTests {
    /// Bytes as `numeric_send` gives them for a few numbers, read off a server.
    @Test(
        arguments: [
            (Int128(0), [0, 0, 0, 0, 0, 0, 0, 0]),
            (Int128(1), [0, 1, 0, 0, 0, 0, 0, 0, 0, 1]),
            (Int128(-12_345), [0, 2, 0, 1, 0x40, 0, 0, 0, 0, 1, 9, 41]),
            (Int128(100_000_000), [0, 1, 0, 2, 0, 0, 0, 0, 0, 1]),
        ] as [(Int128, [UInt8])])
    func `bytes are the server's`(number: Int128, expected: [UInt8]) throws {
        var bytes: [UInt8] = []
        _ = number.encode(into: &bytes)
        #expect(bytes == expected)
        #expect(try Int128(postgresBytes: bytes[...]) == number)
    }

    @Test func `every size of number is returned unchanged`() throws {
        var number: Int128 = 1
        for _ in 0..<37 {
            for candidate in [number, number - 1, -number, number * 9] {
                var bytes: [UInt8] = []
                _ = candidate.encode(into: &bytes)
                #expect(try Int128(postgresBytes: bytes[...]) == candidate)
            }
            number *= 10
        }
    }

    @Test(
        arguments: [
            [0, 1, 255, 255, 0, 0, 0, 1, 19, 136],  // 0.5
            [0, 0, 0, 0, 0xC0, 0, 0, 0],  // NaN
            [0, 3, 0, 2, 0, 0],  // cut off
            [0, 1, 0, 40, 0, 0, 0, 0, 0, 1],  // 10^160
        ] as [[UInt8]])
    func `what is no whole number of 128 bits is refused`(bytes: [UInt8]) {
        #expect(throws: PostgresError.self) { try Int128(postgresBytes: bytes[...]) }
    }
}
