import Testing

@testable import Contrato

@Suite struct TraceparentTests {
    static let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func `a valid header is read and written`() throws {
        let trace = try #require(Traceparent(parsing: Self.valid))
        #expect(trace.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(trace.spanID == "00f067aa0ba902b7")
        #expect(trace.isSampled)
        #expect(trace.description == Self.valid)
    }

    @Test func `a later version is read as far as it is known`() throws {
        let trace = try #require(Traceparent(parsing: "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02-what-comes-then"))
        #expect(trace.description == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")
        #expect(Traceparent(parsing: "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01") != nil)
    }

    @Test(arguments: [
        "", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x", "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
    ])
    func `an invalid header is refused`(header: String) {
        #expect(Traceparent(parsing: header) == nil)
    }

    @Test func `a child keeps the trace and has its own span`() throws {
        var random = SystemRandomNumberGenerator()
        let parent = try #require(Traceparent(parsing: Self.valid))
        let child = parent.child(using: &random)
        #expect(child.traceID == parent.traceID)
        #expect(child.isSampled)
        #expect(child.spanID != parent.spanID)
        #expect(Traceparent(parsing: child.description) == child)
    }

    @Test func `new traces are valid`() {
        var small = Counting(value: 0)
        let smallest = Traceparent.new(using: &small)
        #expect(Traceparent(parsing: smallest.description) == smallest)
        var random = SystemRandomNumberGenerator()
        let first = Traceparent.new(using: &random)
        #expect(Traceparent(parsing: first.description) == first)
        #expect(first.traceID != Traceparent.new(using: &random).traceID)
    }

    /// 0, 1, 2…: identifiers with the most leading zeros.
    struct Counting: RandomNumberGenerator {
        var value: UInt64
        mutating func next() -> UInt64 {
            defer { self.value += 1 }
            return self.value
        }
    }
}
