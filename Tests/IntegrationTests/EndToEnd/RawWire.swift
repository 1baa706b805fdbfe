import Foundation
import TestSupport

@testable import AMQP

/// The frames of ``RawAMQP`` on a blocking socket. One thread at a time.
final class RawWire {
    private let descriptor: Int32
    private var input: [UInt8] = []
    private var inbox: [RawAMQP.Message] = []
    private var confirms: [Bool] = []

    init(_ url: URLComponents) throws {
        guard let port = url.port, let user = url.user, let password = url.password else {
            throw TestFailure("the broker's URL has no port or user")
        }
        self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard connected == 0 else { throw TestFailure("connect: errno \(errno)") }
        let host = url.percentEncodedPath.dropFirst().removingPercentEncoding ?? "/"
        try self.handshake(user: user, password: password, virtualHost: host.isEmpty ? "/" : host)
    }

    func close() { _ = Glibc.close(self.descriptor) }

    private func handshake(user: String, password: String, virtualHost: String) throws {
        try self.send(Array("AMQP".utf8) + [0, 0, 9, 1])
        _ = try self.method(10, 10)
        try self.sendMethod(0, 10, 11) { writer throws in
            try writer.table([:])
            writer.text("PLAIN")
            writer.longText([0] + Array(user.utf8) + [0] + Array(password.utf8))
            writer.text("en_US")
        }
        _ = try self.method(10, 30)
        try self.sendMethod(0, 10, 31) { writer in
            writer.short(0)
            writer.long(131_072)
            writer.short(0)
        }
        try self.sendMethod(0, 10, 40) { writer in
            writer.text(virtualHost)
            writer.text("")
            writer.byte(0)
        }
        _ = try self.method(10, 41)
        try self.openChannel()
    }

    private func openChannel() throws {
        _ = try self.request(20, 10, expecting: 11) { $0.text("") }
        _ = try self.request(85, 10, expecting: 11) { $0.byte(0) }
    }

    // MARK: - Methods

    func request(
        _ classID: UInt16, _ methodID: UInt16, expecting answer: UInt16, _ arguments: (inout RawWriter) throws -> Void
    ) throws -> RawReader {
        try self.sendMethod(1, classID, methodID, arguments)
        return try self.method(classID, answer)
    }

    func publish(_ message: AMQPMessage) throws -> Bool {
        try self.sendMethod(1, 60, 40) { writer in
            writer.short(0)
            writer.text(message.exchange)
            writer.text(message.routingKey)
            writer.byte(0)
        }
        var header = RawWriter()
        header.short(60)
        header.short(0)
        header.longLong(UInt64(message.body.count))
        try header.properties(message.properties)
        try self.sendFrame(2, 1, header.bytes)
        if !message.body.isEmpty {
            for start in stride(from: 0, to: message.body.count, by: 100_000) {
                try self.sendFrame(3, 1, Array(message.body[start..<min(start + 100_000, message.body.count)]))
            }
        }
        let deadline = Date().addingTimeInterval(15)
        while self.confirms.isEmpty { try self.readOne(until: deadline) }
        return self.confirms.removeFirst()
    }

    func receive(within seconds: Double) throws -> RawAMQP.Message? {
        let deadline = Date().addingTimeInterval(seconds)
        while self.inbox.isEmpty {
            guard Date() < deadline else { return nil }
            do { try self.readOne(until: deadline) } catch is Timeout { return nil }
        }
        return self.inbox.removeFirst()
    }

    private struct Timeout: Error {}

    /// Handles one method that is no answer to a request.
    private func readOne(until deadline: Date) throws {
        var frame = try self.frame(until: deadline)
        guard frame.kind == 1 else { return }
        let (classID, methodID) = (frame.reader.short(), frame.reader.short())
        try self.handle(classID, methodID, &frame.reader, deadline)
    }

    private func method(_ classID: UInt16, _ methodID: UInt16) throws -> RawReader {
        let deadline = Date().addingTimeInterval(15)
        while true {
            var frame = try self.frame(until: deadline)
            guard frame.kind == 1 else { continue }
            let found = (frame.reader.short(), frame.reader.short())
            if found == (classID, methodID) { return frame.reader }
            try self.handle(found.0, found.1, &frame.reader, deadline)
        }
    }

    private func handle(_ classID: UInt16, _ methodID: UInt16, _ reader: inout RawReader, _ deadline: Date) throws {
        switch (classID, methodID) {
        case (60, 60):
            _ = reader.text()
            _ = reader.longLong()
            _ = reader.byte()
            let (exchange, routingKey) = (reader.text(), reader.text())
            let (properties, body) = try self.content(deadline)
            self.inbox.append(.init(exchange: exchange, routingKey: routingKey, properties: properties, body: body))
        case (60, 80), (60, 120):
            // One message at a time is unconfirmed.
            self.confirms.append(methodID == 80)
        case (20, 40), (10, 50):
            let refusal = RawAMQP.Refused(code: reader.short(), text: reader.text())
            if classID == 20 {
                try self.sendMethod(1, 20, 41) { _ in }
                try self.openChannel()
            }
            throw refusal
        default: break
        }
    }

    private func content(_ deadline: Date) throws -> (AMQPProperties, [UInt8]) {
        var header = try self.frame(until: deadline)
        _ = header.reader.short()
        _ = header.reader.short()
        let bytes = Int(header.reader.longLong())
        let properties = header.reader.properties()
        var body: [UInt8] = []
        while body.count < bytes { body += try self.frame(until: deadline).reader.rest }
        return (properties, body)
    }

    // MARK: - Frames

    private func sendMethod(
        _ channel: UInt16, _ classID: UInt16, _ methodID: UInt16, _ arguments: (inout RawWriter) throws -> Void
    ) throws {
        var writer = RawWriter()
        writer.short(classID)
        writer.short(methodID)
        try arguments(&writer)
        try self.sendFrame(1, channel, writer.bytes)
    }

    private func sendFrame(_ kind: UInt8, _ channel: UInt16, _ payload: [UInt8]) throws {
        var writer = RawWriter()
        writer.byte(kind)
        writer.short(channel)
        writer.long(UInt32(payload.count))
        try self.send(writer.bytes + payload + [0xCE])
    }

    private func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw TestFailure("send: errno \(errno)") }
            sent += count
        }
    }

    private func frame(until deadline: Date) throws -> (kind: UInt8, reader: RawReader) {
        try self.fill(7, until: deadline)
        var head = RawReader(rest: Array(self.input[0..<7]))
        let (kind, _, size) = (head.byte(), head.short(), Int(head.long()))
        try self.fill(7 + size + 1, until: deadline)
        let payload = Array(self.input[7..<(7 + size)])
        self.input.removeFirst(7 + size + 1)
        return (kind, RawReader(rest: payload))
    }

    private func fill(_ count: Int, until deadline: Date) throws {
        while self.input.count < count {
            var poller = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&poller, 1, Int32(max(0, deadline.timeIntervalSinceNow * 1000))) > 0 else { throw Timeout() }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let received = recv(self.descriptor, &buffer, buffer.count, 0)
            guard received > 0 else { throw TestFailure("the broker has closed the connection") }
            self.input += buffer[0..<received]
        }
    }
}
