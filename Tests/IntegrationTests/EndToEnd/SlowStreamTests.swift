import Fixtures
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

/// Readers of `GET /v1/consolidados/eventos` that stop reading.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct SlowStreamTests {
    /// Fewer than the days that the feed keeps for a reader, 1000.
    private static let accounts = 900
    /// With ``accounts`` more than it keeps.
    private static let otherAccounts = 600
    /// A round is 330 KB of events for a reader. The kernel accepts at most 4 MiB for a connection (`net.ipv4.tcp_wmem`), and a paused
    /// ``StreamReader`` less than 1 MiB.
    private static let rounds = 20
    private static let slowReaders = 16
    /// For a slow reader the instance holds what it is writing, a round at most: 5 MiB for all, and 18 MiB with the thread sanitizer. The
    /// rounds that the kernel does not accept are 40 MiB or more without it.
    private static let growthMaxKiB = 32 * 1024
    /// Far less than the time after which a reader that stands still is disconnected.
    private static let delayMax: Duration = .seconds(60)

    /// Changes each of this many accounts once.
    private static func change(_ accounts: Int, of group: String, _ stack: Stack) async throws {
        let lines = (0..<accounts).map { #"{"conta":"lote.\#(group)\#($0)","tipo":"credito","valor":"0.01","data":"2026-01-02"}"# }
        let answer = try await API(token: stack.token).send(
            "POST", "\(stack.lancamentos.url)/v1/lancamentos/lote", headers: [("Content-Type", "application/x-ndjson")],
            body: lines.joined(separator: "\n"), timeoutSeconds: 120)
        #expect(answer.text.split(separator: "\n").count { $0.contains("\"status\":201") } == accounts)
    }

    private static func metric(_ name: String, _ stack: Stack) async throws -> Double? {
        try await API(token: nil).get(stack.consolidados[0], "/metrics").metric(name)
    }

    /// Runs the closure while the readers have streams, which all have begun.
    private static func follow(_ readers: [StreamReader], _ stack: Stack, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for reader in readers {
                group.addTask { try await reader.read(stack.consolidados[0], "lote.*", token: stack.token) }
            }
            defer { group.cancelAll() }
            #expect(await eventually { readers.allSatisfy { $0.seen.isOpen } })
            try await body()
        }
    }

    @Test func `readers that pause receive each day's newest version or perdeu, and neither others nor the memory suffer`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            let quick = StreamReader()
            let slow = (0..<Self.slowReaders).map { _ in StreamReader() }
            try await Self.follow([quick] + slow, stack) {
                for reader in slow { reader.pause() }
                var before = 0
                var longest = Duration.zero
                for round in 1...Self.rounds {
                    try await Self.change(Self.accounts, of: "c", stack)
                    let start = ContinuousClock.now
                    let isSeen = await eventually(within: Self.delayMax) { quick.seen.count(of: Int64(round)) == Self.accounts }
                    #expect(isSeen, "\(quick.seen.count(of: Int64(round))) changes of round \(round)")
                    longest = max(longest, .now - start)
                    if round == 2 { before = try stack.consolidados[0].residentMemoryKiB() }
                }
                let growth = try stack.consolidados[0].residentMemoryKiB() - before
                print("others see changes after \(longest) or less, the instance grew by \(growth) KiB")
                #expect(growth < Self.growthMaxKiB, "the instance grew from \(before) KiB by \(growth) KiB")

                // A reader that reads on has missed versions, and no day.
                slow[0].readOn()
                #expect(await eventually { slow[0].seen.count(of: Int64(Self.rounds)) == Self.accounts })
                #expect(slow[0].seen.events < Self.rounds * Self.accounts, "the changes of a day do not become one")
                #expect(quick.seen.events == Self.rounds * Self.accounts)

                // More days than are kept: the others lose them, and receive it as the next event.
                try await Self.change(Self.otherAccounts, of: "d", stack)
                let all = Self.accounts + Self.otherAccounts
                #expect(await eventually { [quick, slow[0]].allSatisfy { $0.seen.newest.count == all } })
                #expect(quick.seen.losses == 0 && slow[0].seen.losses == 0)
                #expect(
                    try await eventually { try await Self.metric("fluxo_event_stream_lost_total", stack) == Double(Self.slowReaders - 1) })
                slow[1].readOn()
                #expect(await eventually { slow[1].seen.losses == 1 })
                try await Self.change(1, of: "c", stack)
                #expect(await eventually { [quick, slow[0], slow[1]].allSatisfy { $0.seen.count(of: Int64(Self.rounds + 1)) == 1 } })
                #expect(slow[1].seen.losses == 1 && slow[1].seen.newest.count < all)
                #expect(([quick] + slow).allSatisfy { $0.seen.isInOrder && !$0.seen.isOver })
            }
        }
    }

    @Test func `a reader that never reads on is disconnected, and no other`() async throws {
        try await Stack.with(consolidados: 1, environment: ["FLUXO_HTTP_OCIOSA_MAX_S": "10"]) { stack in
            let (quick, slow) = (StreamReader(), StreamReader())
            try await Self.follow([quick, slow], stack) {
                slow.pause()
                var round: Int64 = 0
                let isGone = try await eventually {
                    round += 1
                    try await Self.change(Self.accounts, of: "c", stack)
                    let newest = round
                    #expect(await eventually(within: Self.delayMax) { quick.seen.count(of: newest) == Self.accounts })
                    return try await Self.metric("fluxo_event_streams", stack) == 1
                }
                #expect(isGone)
                // It reads what the kernel had accepted, then the end.
                slow.readOn()
                #expect(await eventually { slow.seen.isOver })
                #expect(slow.seen.isInOrder && slow.seen.count(of: round) == 0)
                #expect(quick.seen.losses == 0 && quick.seen.isInOrder && !quick.seen.isOver)
            }
        }
    }
}

/// A reader of a stream of events, which can pause. Its socket's buffers are then full after a while.
private struct StreamReader: Sendable {
    /// What it has read.
    struct Seen: Sendable {
        fileprivate(set) var isOpen = false
        fileprivate(set) var isOver = false
        /// The newest version of each account, since the last `perdeu`.
        fileprivate(set) var newest: [String: Int64] = [:]
        fileprivate(set) var events = 0
        fileprivate(set) var losses = 0
        /// Whether no version of an account was followed by an older or an equal one.
        fileprivate(set) var isInOrder = true
        private var highest: [String: Int64] = [:]
        private var version: Int64 = 0

        /// How many accounts have this version.
        func count(of version: Int64) -> Int { self.newest.values.count { $0 == version } }

        /// Each event is a chunk of its own, so lines of the stream are lines of the connection.
        fileprivate mutating func take(_ line: String) {
            let account = "data: {\"conta\":\""
            if line == ": vivo" {
                self.isOpen = true
            } else if line == "event: perdeu" {
                self.losses += 1
                self.newest = [:]
            } else if line.hasPrefix("id: ") {
                self.version = Int64(line.dropFirst(4)) ?? 0
            } else if line.hasPrefix(account) {
                let conta = String(line.dropFirst(account.count).prefix { $0 != "\"" })
                if self.version <= self.highest[conta, default: 0] { self.isInOrder = false }
                self.highest[conta] = self.version
                self.newest[conta] = self.version
                self.events += 1
            }
        }
    }

    private let box = NIOLockedValueBox(Seen())
    private let paused = NIOLockedValueBox(false)

    var seen: Seen { self.box.withLockedValue { $0 } }

    func pause() { self.paused.withLockedValue { $0 = true } }

    func readOn() { self.paused.withLockedValue { $0 = false } }

    /// Reads until the stream or the task ends.
    func read(_ instance: ServiceProcess, _ conta: String, token: String) async throws {
        defer { self.box.withLockedValue { $0.isOver = true } }
        try await RawHTTP.connect(port: instance.port, receiveBufferBytes: 65_536).executeThenClose { inbound, outbound in
            let head = "GET /v1/consolidados/eventos?conta=\(conta) HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(token)\r\n\r\n"
            try await outbound.write(ByteBuffer(string: head))
            var unread = ByteBuffer()
            for try await buffer in inbound {
                unread.writeImmutableBuffer(buffer)
                while let end = unread.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = unread.readString(length: end - unread.readerIndex) ?? ""
                    unread.moveReaderIndex(forwardBy: 1)
                    self.box.withLockedValue { $0.take(line) }
                }
                unread.discardReadBytes()
                while self.paused.withLockedValue({ $0 }) { try await Task.sleep(for: .milliseconds(20)) }
            }
        }
    }
}
