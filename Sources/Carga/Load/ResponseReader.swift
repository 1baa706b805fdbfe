import NIOCore

/// The parts of an answer that the load needs.
struct HTTPAnswer: Sendable {
    var status: Int
    /// The value of `Retry-After`, if it is a number of seconds.
    var retryAfterSeconds: Int?
    var keepsAlive = true
    var body = ByteBuffer()

    var bytes: [UInt8] { Array(self.body.readableBytesView) }
}

/// Parses HTTP/1.1 answers incrementally, one after the other.
///
/// It reads answers to GET and POST with a length or in chunks, and skips interim answers. Head and body are bounded.
struct ResponseReader {
    enum Failure: Error, Equatable {
        case malformed
        case tooLong
        /// The body ends with the connection. The services never send that, and it excludes keep-alive.
        case withoutLength
    }

    static let headMaxBytes = 16_384
    /// The answer to a lote has a line for each entry.
    static let bodyMaxBytes = 64 << 20

    private enum State {
        case head
        case body(missingBytes: Int)
        case chunkSize
        case chunk(missingBytes: Int)
        case trailer
    }

    private var state = State.head
    private var answer = HTTPAnswer(status: 0)
    private var received = ByteBuffer()

    /// Adds received bytes.
    /// - Returns: the answer once it is complete.
    mutating func read(_ piece: ByteBuffer) throws(Failure) -> HTTPAnswer? {
        if self.received.readableBytes == 0 { self.received = piece } else { self.received.writeImmutableBuffer(piece) }
        while true {
            switch self.state {
            case .head:
                guard try self.readHead() else { return nil }
            case .body(let missing):
                guard self.moveToBody(missing) else { return nil }
                return self.finish()
            case .chunkSize:
                guard let size = try self.readChunkSize() else { return nil }
                self.state = size == 0 ? .trailer : .chunk(missingBytes: size)
            case .chunk(let missing):
                // The chunk's CR LF follows it.
                guard self.received.readableBytes >= missing + 2 else { return nil }
                _ = self.moveToBody(missing)
                self.received.moveReaderIndex(forwardBy: 2)
                self.state = .chunkSize
            case .trailer:
                guard let line = try self.readLine() else { return nil }
                if line.isEmpty { return self.finish() }
            }
        }
    }

    private mutating func finish() -> HTTPAnswer {
        defer {
            self.answer = HTTPAnswer(status: 0)
            self.state = .head
            self.received.clear()
        }
        return self.answer
    }

    /// Moves the received part of the body. Returns whether the body is complete.
    private mutating func moveToBody(_ missing: Int) -> Bool {
        let length = min(missing, self.received.readableBytes)
        if let slice = self.received.readSlice(length: length) {
            if self.answer.body.readableBytes == 0 { self.answer.body = slice } else { self.answer.body.writeImmutableBuffer(slice) }
        }
        self.state = .body(missingBytes: missing - length)
        return missing == length
    }

    // MARK: The head

    /// Returns whether the head was complete.
    private mutating func readHead() throws(Failure) -> Bool {
        guard let length = self.headLength() else {
            guard self.received.readableBytes <= Self.headMaxBytes else { throw .tooLong }
            return false
        }
        guard length <= Self.headMaxBytes else { throw .tooLong }
        let head = self.received.readSlice(length: length)?.readableBytesView ?? ByteBuffer().readableBytesView
        var lines = head.split(separator: UInt8(ascii: "\n"))[...]
        let status = try Self.status(lines.popFirst())
        var fields = Fields()
        for line in lines { fields.take(line.last == UInt8(ascii: "\r") ? line.dropLast() : line) }
        if status < 200 { return true }
        self.answer.status = status
        self.answer.keepsAlive = !fields.closes
        self.answer.retryAfterSeconds = fields.retryAfter
        if status == 204 || status == 304 {
            self.state = .body(missingBytes: 0)
        } else if fields.isChunked {
            self.state = .chunkSize
        } else if let length = fields.contentLength {
            guard length >= 0, length <= Self.bodyMaxBytes else { throw .tooLong }
            self.state = .body(missingBytes: length)
        } else {
            throw .withoutLength
        }
        return true
    }

    /// The number of bytes up to and including the empty line.
    private func headLength() -> Int? {
        self.received.withUnsafeReadableBytes { bytes in
            guard bytes.count > 2 else { return nil }
            for position in 2..<bytes.count
            where bytes[position] == UInt8(ascii: "\n") && bytes[position - 1] == UInt8(ascii: "\r")
                && bytes[position - 2] == UInt8(ascii: "\n")
            {
                return position + 1
            }
            return nil
        }
    }

    /// Reads `HTTP/1.1 201 Created`.
    private static func status(_ line: ByteBufferView?) throws(Failure) -> Int {
        guard let line, line.count >= 12, line.starts(with: "HTTP/1.1 ".utf8),
            let status = Int(String(decoding: line.dropFirst(9).prefix(3), as: UTF8.self)), (100...599).contains(status)
        else { throw .malformed }
        return status
    }

    private struct Fields {
        var contentLength: Int?
        var isChunked = false
        var closes = false
        var retryAfter: Int?

        mutating func take(_ line: ByteBufferView) {
            if let value = Self.value(of: "content-length:", line) {
                self.contentLength = Int(value) ?? -1
            } else if let value = Self.value(of: "transfer-encoding:", line) {
                self.isChunked = value.lowercased() == "chunked"
            } else if let value = Self.value(of: "connection:", line) {
                self.closes = value.lowercased() == "close"
            } else if let value = Self.value(of: "retry-after:", line) {
                self.retryAfter = Int(value)
            }
        }

        private static func value(of name: StaticString, _ line: ByteBufferView) -> String? {
            guard line.count >= name.utf8CodeUnitCount else { return nil }
            let isName = name.withUTF8Buffer { name in
                zip(name, line).allSatisfy { $0 == ((0x41...0x5A).contains($1) ? $1 | 0x20 : $1) }
            }
            guard isName else { return nil }
            let text = String(decoding: line.dropFirst(name.utf8CodeUnitCount), as: UTF8.self)
            return String(text.drop { $0 == " " || $0 == "\t" })
        }
    }

    // MARK: Chunks

    private mutating func readChunkSize() throws(Failure) -> Int? {
        guard let line = try self.readLine() else { return nil }
        let digits = line.prefix { $0 != ";" }
        guard let size = Int(digits, radix: 16), size >= 0 else { throw .malformed }
        guard self.answer.body.readableBytes + size <= Self.bodyMaxBytes else { throw .tooLong }
        return size
    }

    private mutating func readLine() throws(Failure) -> String? {
        let bytes = self.received.readableBytesView
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            guard bytes.count <= Self.headMaxBytes else { throw .tooLong }
            return nil
        }
        let line = self.received.readString(length: end - bytes.startIndex + 1) ?? ""
        return String(line.trimmingLineEnd())
    }
}

extension String {
    fileprivate func trimmingLineEnd() -> Substring {
        // CR LF is one Character.
        self.hasSuffix("\r\n") || self.hasSuffix("\n") ? self.dropLast() : self[...]
    }
}
