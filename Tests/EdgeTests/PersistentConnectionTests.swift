import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Edge

/// Which connections stay open after an answer, and what the answer says about it (RFC 9112 §9).
@Suite struct PersistentConnectionTests {
    /// Of one answer to one request: the version, the value of `Connection`, and whether the connection stays open.
    private static func answer(
        to request: String, _ headers: HTTPFields = [.contentLength: "0"], status: HTTPResponse.Status = .ok,
        drains: Bool = false
    ) throws -> (version: String, connection: String?, stays: Bool, text: String) {
        let connection = try EmbeddedConnection()
        try connection.read(request)
        if drains { connection.drain() }
        try connection.answer(headers, status: status)
        let text = try connection.written()
        let value = text.split(separator: "\r\n").first { $0.lowercased().hasPrefix("connection: ") }?.dropFirst(12)
        return (String(text.prefix(8)), value.map(String.init), connection.channel.isActive, text)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", nil, true), ("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", nil, true),
        ("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "close", false),
        ("GET / HTTP/1.1\r\nHost: h\r\nConnection: TE, Close\r\n\r\n", "close", false),
        ("GET / HTTP/1.1\r\nHost: h\r\nConnection: x\r\nConnection: close\r\n\r\n", "close", false),
        ("GET / HTTP/1.0\r\n\r\n", "close", false), ("GET / HTTP/1.0\r\nHost: h\r\nConnection: close\r\n\r\n", "close", false),
        ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "keep-alive", true),
    ])
    func `the answer says whether the connection stays open, and it does`(request: String, value: String?, stays: Bool) throws {
        let answer = try Self.answer(to: request)
        #expect(answer.connection == value && answer.stays == stays, "\(answer.text)")
        #expect(answer.version == (request.contains("HTTP/1.0") ? "HTTP/1.0" : "HTTP/1.1"))
    }

    @Test func `an HTTP/1.0 client gets no chunks: what has no length ends with the connection`() throws {
        let request = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
        let answer = try Self.answer(to: request, [:])
        #expect(answer.connection == "close" && !answer.stays)
        #expect(!answer.text.lowercased().contains("chunked") && answer.text.hasSuffix("\r\n\r\n") && !answer.text.contains("0\r\n\r\n"))
        // Without a body the end is known.
        for (request, status) in [(request, HTTPResponse.Status.noContent), (request.replacing("GET", with: "HEAD"), .ok)] {
            let answer = try Self.answer(to: request, [:], status: status)
            #expect(answer.connection == "keep-alive" && answer.stays, "\(answer.text)")
        }
    }

    @Test func `an HTTP/1.0 client gets no 100 Continue`() throws {
        let connection = try EmbeddedConnection()
        try connection.read("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        connection.trigger(.sendContinue)
        #expect(try connection.written() == "")
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ])
    func `a head that is read and breaks the rules of HTTP is an error of the parser, and the last input`(request: String) throws {
        let connection = try EmbeddedConnection()
        try connection.read(request)
        #expect(connection.errors.others.count == 1 && connection.errors.others.first is HTTPParserError)
        try connection.read("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try connection.requests() == [])
        // The end if nobody answers.
        connection.loop.advanceTime(by: .seconds(60))
        #expect(!connection.channel.isActive)
    }

    @Test(arguments: ["Host: \r\n", "Host: h:8080\r\n", "Host: [::1]:80\r\n", "Host: a_b.example\r\n"])
    func `hosts are accepted, an empty one included`(host: String) throws {
        let connection = try EmbeddedConnection()
        try connection.read("GET / HTTP/1.1\r\n\(host)\r\n")
        #expect(try connection.requests() == ["GET"])
    }

    @Test func `nothing is handled after the request that asks for the end`() throws {
        let connection = try EmbeddedConnection()
        try connection.read("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nDELETE / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try connection.requests() == ["GET"])
    }

    // MARK: - Shutdown

    @Test func `during shutdown the answer is the last one and says so`() throws {
        let answer = try Self.answer(to: "GET / HTTP/1.1\r\nHost: h\r\n\r\n", drains: true)
        #expect(answer.connection == "close" && !answer.stays)
    }

    @Test func `during shutdown a connection without a request waits for one for a second`() throws {
        let used = try EmbeddedConnection(), unused = try EmbeddedConnection()
        for connection in [used, unused] {
            try connection.read("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            try connection.answer()
            _ = try connection.written()
            connection.drain()
            connection.loop.advanceTime(by: .milliseconds(999))
            #expect(connection.channel.isActive)
        }
        try used.read("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        used.loop.advanceTime(by: .seconds(10))
        try used.answer()
        #expect(try used.written().contains("onnection: close"))
        unused.loop.advanceTime(by: .milliseconds(1))
        #expect(!unused.channel.isActive)
    }

    @Test func `during shutdown requests that were read are answered, and later ones are not handled`() throws {
        let connection = try EmbeddedConnection()
        let request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
        try connection.read(request + request)
        connection.drain()
        try connection.read("DELETE / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try connection.requests() == ["GET", "GET"])
        try connection.answer()
        #expect(try !connection.written().contains("onnection: close"))
        try connection.answer()
        #expect(try connection.written().contains("onnection: close"))
        #expect(!connection.channel.isActive)
    }

    @Test func `an answer whose head was written before the shutdown ends the connection as well`() throws {
        let connection = try EmbeddedConnection()
        try connection.read("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        try connection.answer(drainsBetween: true)
        #expect(try !connection.written().contains("onnection: close"))
        #expect(!connection.channel.isActive)
    }
}
