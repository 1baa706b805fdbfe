import Testing

@testable import Carga

@Suite struct MeasuresTests {
    private static func measures(_ body: (inout StreamMeasures) -> Void) -> StreamMeasures {
        var measures = StreamMeasures(name: "writes", ratePerSecond: 100, measured: .seconds(1))
        body(&measures)
        return measures
    }

    @Test func `percentiles are exact to three digits`() throws {
        var latencies = Latencies()
        for ms in 1...1000 { latencies.record(nanoseconds: Int64(ms) * 1_000_000) }
        for (percentile, expected) in [(50.0, 500.0), (99, 990), (99.9, 999), (100, 1000)] {
            let value = try #require(latencies.percentileMs(percentile))
            #expect(abs(value - expected) <= expected / 900)
        }
        #expect(Latencies().percentileMs(99) == nil)
    }

    @Test func `a latency beyond the histogram counts as the longest`() throws {
        var latencies = Latencies()
        latencies.record(nanoseconds: 3600 * 1_000_000_000)
        latencies.record(nanoseconds: -5)
        #expect(latencies.count == 2)
        #expect(try #require(latencies.maxMs) >= 590_000)
    }

    @Test func `one bad stretch of several does not move the median`() throws {
        var segments = Segments()
        segments.closeSecond()
        for second in 0..<50 {
            segments.record(nanoseconds: second / Segments.seconds == 2 ? 900_000_000 : 5_000_000)
            segments.closeSecond()
        }
        #expect(segments.p99Ms.count == 5)
        #expect(try #require(segments.p99Ms.max()) >= 899)
        #expect(try #require(segments.medianP99Ms) < 5.1)
        #expect(Segments().medianP99Ms == nil)
    }

    @Test func `warm-up counts in the seconds and in nothing else`() {
        let measures = Self.measures {
            $0.send(isMeasured: false, isInTime: true)
            $0.take(.accepted, nanoseconds: 5_000_000, isMeasured: false, isInTime: false)
            #expect($0.closeSecond().accepted == 1)
        }
        #expect(measures.due == 0)
        #expect(measures.accepted == 0)
        #expect(measures.latencies.count == 0)
    }

    @Test func `outcomes are counted separately`() {
        let measures = Self.measures {
            for outcome: Outcome in [.accepted, .shed(hasRetryAfter: true), .shed(hasRetryAfter: false), .refused(status: 422), .unknown] {
                $0.send(isMeasured: true, isInTime: true)
                $0.take(outcome, nanoseconds: 1, isMeasured: true, isInTime: true)
            }
        }
        #expect(measures.accepted == 1)
        #expect(measures.shed == 2)
        #expect(measures.shedWithoutRetryAfter == 1)
        #expect(measures.refused == [422: 1])
        #expect(measures.unknown == 1)
        #expect(measures.errors == 4)
    }

    @Test func `a rate that carga could not offer is reported`() {
        #expect(Self.measures { for _ in 0..<100 { $0.send(isMeasured: true, isInTime: true) } }.notOffered == nil)
        #expect(
            Self.measures {
                for number in 0..<100 {
                    $0.send(isMeasured: true, isInTime: true)
                    $0.lag(nanoseconds: number < 95 ? 1000 : 60_000_000)
                }
            }.notOffered != nil)
        #expect(Self.measures { for number in 0..<100 { $0.send(isMeasured: true, isInTime: number < 90) } }.notOffered != nil)
    }

    @Test func `where every connection is busy it is the system that is late`() {
        let measures = Self.measures {
            for number in 0..<100 { $0.send(isMeasured: true, isInTime: number < 90) }
            $0.wait(10)
        }
        #expect(measures.notOffered == nil)
        #expect(measures.waitingMax == 10)
    }

    @Test func `recovery is the first second from which on all are quick`() {
        func seconds(_ p99: [Double?], shed: [Int: Int] = [:]) -> [SecondMeasures] {
            p99.enumerated().map { SecondMeasures(accepted: $1 == nil ? 0 : 10, shed: shed[$0] ?? 0, p99Ms: $1) }
        }
        #expect(Recovery.seconds(seconds([5, 5, 5]), p99MaxMs: 100) == 0)
        #expect(Recovery.seconds(seconds([500, 300, 5, 5]), p99MaxMs: 100) == 2)
        #expect(Recovery.seconds(seconds([500, 5, nil, 5]), p99MaxMs: 100) == 3)
        #expect(Recovery.seconds(seconds([5, 5, 5, 5], shed: [1: 1]), p99MaxMs: 100) == 2)
        #expect(Recovery.seconds(seconds([5, 5, 500]), p99MaxMs: 100) == nil)
    }

    @Test func `published events are those confirmed either way`() {
        let metrics = """
            # TYPE fluxo_publish_total counter
            fluxo_publish_total{outcome="confirmed"} 100000
            fluxo_publish_total{outcome="confirmed_direct"} 25
            fluxo_publish_total{outcome="not_sent"} 7

            """
        #expect(PublishedEvents.count(metrics: metrics) == 100_025)
        #expect(PublishedEvents.count(metrics: "fluxo_publish_total{outcome=\"confirmed\"} 1\n") == nil)
        #expect(PublishedEvents.count(metrics: "") == nil)
    }
}
