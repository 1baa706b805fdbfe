import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers
import NIOPosix
import Testing

@testable import Edge

/// The task that makes an answer: a task keeps the memory of its deepest call until it ends.
@Suite struct StreamTaskTests {
    /// Where a piece of code runs.
    private struct Place: Equatable {
        let task: Int?
        let loop: ObjectIdentifier?

        static var current: Place {
            Place(
                task: withUnsafeCurrentTask { $0?.hashValue },
                loop: MultiThreadedEventLoopGroup.currentEventLoop.map { ObjectIdentifier($0) })
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `an answer that stays open is made in a task of its own, on the thread of its connection`() async throws {
        let places = NIOLockedValueBox<[Place]>([])
        let handler: Route.Handler = { _, _ in
            places.withLockedValue { $0.append(.current) }
            return Response(
                status: .ok,
                body: ResponseBody { writer in
                    places.withLockedValue { $0.append(.current) }
                    try await writer.finish(nil)
                })
        }
        var fixture = EdgeFixture()
        fixture.moreRoutes = [
            Route(.get, "/stays", access: .open, staysOpen: true, handler: handler), Route(.get, "/ends", access: .open, handler: handler),
        ]
        let answer = try await fixture.serve { port in
            try await RawConnection.exchange(
                port: port,
                ["GET /stays HTTP/1.1\r\nHost: h\r\n\r\n", "GET /ends HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"])
        }
        #expect(answer.text.split(separator: "HTTP/1.1 200 OK\r\n").count == 2, "\(answer.text)")
        let found = places.withLockedValue { $0 }
        try #require(found.count == 4)
        #expect(found[0].task != found[1].task && found[0].task != nil)
        #expect(found[1] == found[2] && found[2] == found[3])
        #expect(found[0].loop != nil && found[0].loop == found[1].loop)
    }

    @Test(.timeLimit(.minutes(5))) func `an answer that stays open may be a problem`() async throws {
        var fixture = EdgeFixture()
        fixture.moreRoutes = [Route(.get, "/stays", access: .scope(.lancamentosLer), staysOpen: true) { _, _ in throw UnforeseenError() }]
        let answer = try await fixture.serve { port in
            try await RawConnection.exchange(
                port: port, ["GET /stays HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"])
        }
        #expect(answer.text.hasPrefix("HTTP/1.1 401"), "\(answer.text)")
    }
}
