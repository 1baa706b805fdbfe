import Fixtures
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing

@testable import Edge
@testable import Observability
@testable import ServiceRuntime

/// The whole server over TCP on a free port: what only the connection shows.
@Suite struct LiveServerTests {
    static let authorization = "Authorization: Bearer \(TestToken.good())\r\n"
    static let post = "POST /v1/lancamentos HTTP/1.1\r\nHost: h\r\n\(authorization)Content-Type: application/json\r\n"
    static let get = "GET /open HTTP/1.1\r\nHost: h\r\n\r\n"

    @Test func connectionIsReusedAfterErrorsWithSmallBodies() async throws {
        let answer = try await EdgeFixture().serve { port in
            try await RawConnection.exchange(
                port: port,
                [
                    "POST /v1/nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde",
                    Self.post + "Content-Length: 2\r\n\r\n{}", Self.get + "GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                ])
        }
        #expect(answer.text.components(of: "HTTP/1.1 ").map { $0.prefix(3) } == ["404", "201", "200", "200"])
        #expect(answer.text.contains("streamed"))
        #expect(answer.closed)
    }

    @Test(.timeLimit(.minutes(5))) func callerWhoHangsUpIsNoticed() async throws {
        let answer = try await EdgeFixture().serve { port in
            try await RawConnection.exchange(
                port: port, [Self.get, "GET /waits HTTP/1.1\r\nHost: h\r\n\r\n"], halfCloses: true
            ) { $0.contains("wanted") || $0.contains("late") }
        }
        #expect(answer.text.contains("unwanted"))
    }

    @Test func declaredLargeBodyIsRefusedUnread() async throws {
        let answer = try await EdgeFixture().serve { port in
            try await RawConnection.exchange(port: port, [Self.post + "Content-Length: 65537\r\n\r\n{"])
        }
        #expect(answer.text.hasPrefix("HTTP/1.1 413"))
        #expect(answer.text.lowercased().contains("connection: close"))
        #expect(answer.closed)
    }

    @Test func undeclaredLargeBodyIsRefusedOnTheWay() async throws {
        let chunk = "8000\r\n" + String(repeating: " ", count: 0x8000) + "\r\n"
        let answer = try await EdgeFixture().serve { port in
            try await RawConnection.exchange(port: port, [Self.post + "Transfer-Encoding: chunked\r\n\r\n", chunk, chunk, chunk])
        }
        #expect(answer.text.hasPrefix("HTTP/1.1 413"))
        #expect(answer.closed)
    }

    @Test func chunkedBodyIsRead() async throws {
        let answer = try await EdgeFixture().serve { port in
            try await RawConnection.exchange(
                port: port,
                [
                    Self.post + "Transfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n", "4\r\n\":1}\r\n0\r\n\r\n",
                    "POST /v1/lancamentos/x/estorno HTTP/1.1\r\nHost: h\r\n\(Self.authorization)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    "GET /open HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                ])
        }
        #expect(answer.text.components(of: "HTTP/1.1 ").map { $0.prefix(3) } == ["201", "200", "200"])
        #expect(answer.text.contains("ana 1") && answer.text.contains("x nothing"))
    }

    @Test func slowBodyIsAnsweredAndClosed() async throws {
        var fixture = EdgeFixture()
        fixture.settings.requestMaxS = 1
        let answer = try await fixture.serve { port in
            try await RawConnection.exchange(port: port, [Self.post + "Content-Length: 10\r\n\r\n{"])
        }
        #expect(answer.text.hasPrefix("HTTP/1.1 400"))
        #expect(answer.text.contains("problemas#ilegivel") && answer.text.contains("a tempo"))
        #expect(answer.closed)
    }

    @Test func halfSentRequestEnds() async throws {
        var fixture = EdgeFixture()
        fixture.settings.idleMaxS = 1
        let answers = try await fixture.serve { port in
            [
                try await RawConnection.exchange(port: port, []),
                try await RawConnection.exchange(port: port, ["GET /open HTTP/1.1\r\nHost: h\r\nX-Half"]),
                try await RawConnection.exchange(port: port, [Self.get]),
            ]
        }
        #expect(answers.map(\.closed) == [true, true, true])
        #expect(answers[0].text == "" && answers[1].text == "" && answers[2].text.hasPrefix("HTTP/1.1 200"))
    }

    @Test(arguments: [
        "GARBAGE\r\n\r\n", "GET /open HTTP/9.9\r\n\r\n", "GET /open HTTP/2.0\r\nHost: h\r\n\r\n",
        "GET /open HTTP/1.1\r\nHost: h\r\nBad Header: x\r\n\r\n",
        "POST /v1/lancamentos HTTP/1.1\r\nHost: h\r\nContent-Length: 1x\r\n\r\n",
        "POST /v1/lancamentos HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /open HTTP/1.1\r\nHost: h\r\nX: " + String(repeating: "x", count: 100_000) + "\r\n\r\n",
        "GET /open HTTP/1.1\r\nHost: h\r\n" + String(repeating: "X: y\r\n", count: 200) + "\r\n",
        "GET /" + String(repeating: "x", count: 100_000) + " HTTP/1.1\r\nHost: h\r\n\r\n",
        // What the parser reads, and RFC 9112 §3.2 and §6.1 forbid.
        "GET /open HTTP/1.1\r\n\r\n", "GET /open HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
        "POST /v1/lancamentos HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ])
    func whatTheParserCannotReadIsABare400(request: String) async throws {
        let answer = try await EdgeFixture().serve { try await RawConnection.exchange(port: $0, [request]) }
        #expect(answer.text.hasPrefix("HTTP/1.1 400"))
        #expect(answer.text.hasSuffix("\r\n\r\n"))
        #expect(answer.closed)
    }

    @Test func brokenChunkIsABare400() async throws {
        let answer = try await EdgeFixture().serve { port in
            try await RawConnection.exchange(port: port, [Self.post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"])
        }
        #expect(answer.text.hasPrefix("HTTP/1.1 400"))
        #expect(!answer.text.contains("problem+json"))
        #expect(answer.closed)
    }

    @Test(arguments: ["Content-Length: 9\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"])
    func truncatedBodyIsNeverTakenForWhole(rest: String) async throws {
        let answer = try await EdgeFixture().serve { port in
            try await RawConnection.exchange(port: port, [Self.post + rest], halfCloses: true)
        }
        #expect(answer.text.hasPrefix("HTTP/1.1 400"))
        #expect(answer.closed)
    }

    @Test func expectationIsAnsweredWhenTheBodyIsWanted() async throws {
        let answers = try await EdgeFixture().serve { port in
            [
                try await RawConnection.exchange(
                    port: port, [Self.post + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"], until: { $0.contains("100 Continue") }),
                try await RawConnection.exchange(
                    port: port, ["POST /lote HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"],
                    until: { $0.contains("100 Continue") }),
                try await RawConnection.exchange(
                    port: port, ["POST /v1/lancamentos HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"]),
            ]
        }
        #expect(answers[0].text == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(answers[1].text == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(answers[2].text.hasPrefix("HTTP/1.1 401") && answers[2].closed)
    }

    @Test func streamedBodyHasNoLimitOfItsOwnAndMustKeepMoving() async throws {
        var fixture = EdgeFixture()
        fixture.settings.requestMaxS = 1
        let chunk = "8000\r\n" + String(repeating: " ", count: 0x8000) + "\r\n"
        let head = "POST /lote HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        let answers = try await fixture.serve { port in
            [
                try await RawConnection.exchange(port: port, [head] + Array(repeating: chunk, count: 8) + ["0\r\n\r\n"]),
                try await RawConnection.exchange(port: port, [head, chunk]),
            ]
        }
        #expect(answers[0].text.hasPrefix("HTTP/1.1 200") && answers[0].text.hasSuffix("\(8 * 0x8000)"))
        #expect(answers[1].text.hasPrefix("HTTP/1.1 400") && answers[1].text.contains("problemas#ilegivel"))
        #expect(answers.map(\.closed) == [true, true])
        #expect(fixture.lines.withLockedValue { lines in lines.allSatisfy { !$0.contains(" error ") } })
    }

    @Test func refusedStreamClosesTheConnection() async throws {
        let answer = try await EdgeFixture().serve { port in
            try await RawConnection.exchange(
                port: port, ["POST /lote/refused HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"])
        }
        #expect(answer.text.hasPrefix("HTTP/1.1 503") && answer.text.lowercased().contains("connection: close"))
        #expect(answer.closed)
    }

    @Test func `beyond the limit an idle connection is closed for each newcomer`() async throws {
        var fixture = EdgeFixture()
        fixture.settings.connectionsMax = 1
        // For the last one.
        fixture.settings.idleMaxS = 1
        let answers = try await fixture.serve { port in
            try await withThrowingTaskGroup(of: String.self) { group in
                let (answered, signal) = AsyncStream.makeStream(of: Void.self)
                var iterator = answered.makeAsyncIterator()
                for _ in 0..<3 {
                    group.addTask {
                        try await RawConnection.exchange(port: port, [Self.get]) { text in
                            if text.contains("200") { signal.yield() }
                            return false
                        }.text
                    }
                    _ = await iterator.next()
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        #expect(answers.count == 3 && answers.allSatisfy { $0.hasPrefix("HTTP/1.1 200") })
    }

    /// As `ab` sends them: it reads to the end of the connection, or, with `-k`, as many bytes as the length says.
    @Test func `HTTP/1.0 requests are answered as 1.0, with a length or to the end of the connection`() async throws {
        let keeps = "Connection: Keep-Alive\r\n"
        let answers = try await EdgeFixture().serve { port in
            [
                try await RawConnection.exchange(port: port, ["GET /open HTTP/1.0\r\n\r\n"]),
                try await RawConnection.exchange(port: port, ["GET /stream HTTP/1.0\r\n\(keeps)\r\n"]),
                try await RawConnection.exchange(
                    port: port, ["GET /open HTTP/1.0\r\n\(keeps)\r\n", "GET /open HTTP/1.0\r\n\r\n"]),
            ]
        }
        #expect(answers.allSatisfy { $0.closed && $0.text.hasPrefix("HTTP/1.0 200") && !$0.text.lowercased().contains("chunked") })
        #expect(answers[1].text.hasSuffix("\r\n\r\nstreamed"))
        let both = answers[2].text.components(of: "HTTP/1.0 ").map { $0.lowercased() }
        #expect(both.count == 2 && both[0].contains("connection: keep-alive") && both[1].contains("connection: close"), "\(both)")
        #expect(both.allSatisfy { $0.contains("content-length: ") })
    }

    @Test(arguments: ["Connection: close", "connection: Keep-Alive, CLOSE"])
    func `a client that asks for the end of the connection reads that it ends`(header: String) async throws {
        let answer = try await EdgeFixture().serve { port in
            try await RawConnection.exchange(port: port, ["GET /open HTTP/1.1\r\nHost: h\r\n\(header)\r\n\r\n", Self.get])
        }
        #expect(answer.text.components(of: "HTTP/1.1 ").count == 1 && answer.text.lowercased().contains("connection: close"))
        #expect(answer.closed)
    }

    @Test(arguments: ["CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", "GET * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"])
    func targetsOfAProxyAreNotFound(request: String) async throws {
        let answer = try await EdgeFixture().serve { port in
            try await RawConnection.exchange(port: port, [request], until: { $0.contains("problemas#nao-encontrado") })
        }
        #expect(answer.text.hasPrefix("HTTP/1.1 404"))
    }

    /// What asks for another protocol is answered in this one, and nothing after it is waited for.
    @Test(arguments: [
        "GET /livez HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n",
        "CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n",
    ])
    func upgradeIsAnsweredAndEndsTheConnection(request: String) async throws {
        let answer = try await EdgeFixture().serve { port in try await RawConnection.exchange(port: port, [request, Self.get]) }
        let answers = answer.text.components(of: "HTTP/1.1 ")
        #expect(answers.count == 1, "\(answer.text)")
        #expect(answers.first?.lowercased().contains("connection: close") == true)
    }

    /// NIO's decoder would keep all of it.
    @Test func whatComesAfterAnUpgradeIsNotTakenIn() async throws {
        var fixture = EdgeFixture()
        fixture.settings.requestMaxS = 600
        let start = ContinuousClock.now
        let sent = try await fixture.serve { port in
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                // The end of the answer must not end the sending.
                .channelOption(.allowRemoteHalfClosure, value: true)
                .connect(host: "127.0.0.1", port: port).get()
            let head = "GET /livez HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
            try await channel.writeAndFlush(ByteBuffer(string: head))
            let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: 65_536)
            var sent = 0
            // Until the server closes, which it does some seconds after its answer.
            while sent < 256 << 20 {
                do { try await channel.writeAndFlush(piece) } catch { break }
                sent += piece.readableBytes
            }
            try? await channel.close()
            return sent
        }
        // What the sockets of both sides hold.
        #expect(sent < 64 << 20, "\(sent) bytes were accepted")
        // After the 5 s that an answer has to arrive, and not after the time that a request may take.
        #expect(.now - start < .seconds(120), "closed after \(ContinuousClock.now - start)")
    }

    @Test func headOfAStreamKeepsTheConnection() async throws {
        let answer = try await EdgeFixture().serve { port in
            try await RawConnection.exchange(
                port: port,
                ["HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n", "GET /open HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"])
        }
        let answers = answer.text.components(of: "HTTP/1.1 ")
        #expect(answers.map { $0.prefix(3) } == ["200", "200"])
        #expect(answers.first?.hasSuffix("\r\n\r\n") == true && answers.first?.contains("0\r\n\r\n") == false)
    }

    @Test func healthCheckCommandAsksTheInstance() async throws {
        let fixture = EdgeFixture()
        let (ready, unready) = try await fixture.serve { port in
            let settings = HTTPSettings(address: "0.0.0.0", port: port)
            let ready = await Saude.ask(settings)
            fixture.health.register("banco") { "fora do ar" }
            return (ready, await Saude.ask(settings))
        }
        #expect(ready.exitCode == 0)
        #expect(unready.exitCode == 1 && unready.message.contains("fora do ar"))
        let gone = await Saude.ask(HTTPSettings(port: 1))
        #expect(gone.exitCode == 1 && gone.message.contains("http://127.0.0.1:1/readyz"))
        #expect(Saude.host("::") == "[::1]" && Saude.host("fe80::1") == "[fe80::1]")
    }
}
