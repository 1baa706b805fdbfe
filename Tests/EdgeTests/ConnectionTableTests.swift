import NIOCore
import NIOEmbedded
import SeededRandom
import Testing

@testable import Edge

/// Which connection is closed for a newcomer.
@Suite struct ConnectionTableTests {
    private struct Scene {
        var table: ConnectionTable<String>
        var now = NIODeadline.uptimeNanoseconds(0)
        var places: [String: Int] = [:]

        init(max: Int = 4, extra: Int = 2) {
            self.table = ConnectionTable(connectionsMax: max, busyExtraMax: extra)
        }

        /// Opens the connection and lets 1 ms pass.
        /// - Returns: the displaced one, `refused`, or `nil`.
        mutating func open(_ name: String, _ use: ConnectionUse = .new) -> String? {
            guard case .accepted(let place, let displaced) = self.table.open(name, now: self.now) else { return "refused" }
            self.places[name] = place
            self.use(name, use)
            return displaced
        }

        mutating func expect(
            _ name: String, _ use: ConnectionUse = .new, displaces expected: String?, sourceLocation: SourceLocation = #_sourceLocation
        ) {
            let displaced = self.open(name, use)
            #expect(displaced == expected, sourceLocation: sourceLocation)
        }

        mutating func use(_ name: String, _ use: ConnectionUse) {
            self.table.change(self.places[name]!, to: use, now: self.now)
            self.now = self.now + .milliseconds(1)
        }

        mutating func close(_ name: String) { self.table.close(self.places.removeValue(forKey: name)!) }
        mutating func pass(_ time: TimeAmount) { self.now = self.now + time }
    }

    @Test func `up to the limit nothing is closed`() {
        var scene = Scene()
        for name in ["a", "b", "c", "d"] { scene.expect(name, displaces: nil) }
        scene.close("a")
        scene.expect("e", displaces: nil)
        scene.expect("f", displaces: "b")
    }

    @Test func `of many without a first request the oldest is closed`() {
        var scene = Scene()
        for name in ["a", "b", "c"] { _ = scene.open(name) }
        _ = scene.open("idle", .idle)
        scene.expect("e", displaces: "a")
        scene.expect("f", displaces: "b")
    }

    @Test func `few that are just connecting are spared, and the longest idle one is closed`() {
        var scene = Scene()
        for name in ["i1", "i2", "i3"] { _ = scene.open(name, .idle) }
        _ = scene.open("newcomer")
        // Used since.
        scene.use("i1", .busy)
        scene.use("i1", .idle)
        scene.expect("x", .busy, displaces: "i2")
        scene.expect("y", .busy, displaces: "i3")
        scene.pass(.seconds(1))
        scene.expect("z", .busy, displaces: "newcomer")
        scene.expect("w", .busy, displaces: "i1")
    }

    @Test func `a request that is handled is never cut: a few more connections are open, then newcomers are refused`() {
        var scene = Scene()
        for name in ["a", "b", "c", "d", "e", "f"] { scene.expect(name, .busy, displaces: nil) }
        scene.pass(.hours(1))
        scene.expect("g", displaces: "refused")
        scene.use("c", .idle)
        scene.expect("h", displaces: "c")
    }

    @Test func `a client that reads nothing is closed last, and only after some seconds`() {
        var scene = Scene(extra: 0)
        _ = scene.open("stalled", .stalled)
        for name in ["a", "b", "c"] { _ = scene.open(name, .busy) }
        scene.pass(.milliseconds(4990))
        scene.expect("e", displaces: "refused")
        scene.pass(.milliseconds(10))
        scene.expect("f", displaces: "stalled")
    }

    @Test func `a displaced connection that began a request in the meantime counts again`() {
        var scene = Scene(max: 1, extra: 1)
        _ = scene.open("a", .idle)
        scene.expect("b", .busy, displaces: "a")
        #expect(scene.table.count == 1)
        scene.use("a", .busy)
        #expect(scene.table.count == 2)
        scene.expect("c", displaces: "refused")
        scene.close("a")
        #expect(scene.table.count == 1)
        scene.expect("d", .busy, displaces: nil)
    }

    /// Invariants: no more than the limit and its addition are open; only idle, new or stalled connections are displaced, and of one use
    /// always the oldest.
    @Test func `any order of steps keeps the invariants`() throws {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var scene = Scene(max: 8, extra: 3)
            var model: [String: (use: ConnectionUse, since: NIODeadline)] = [:]
            for step in 0..<400 {
                let names = model.keys.sorted()
                switch Int.random(in: 0..<6, using: &random) {
                case 0, 1, 2:
                    let before = scene.now
                    switch scene.open("\(step)") {
                    case "refused": #expect(model.count >= 11 && model.values.allSatisfy { [.busy, .stalled].contains($0.use) })
                    case let displaced:
                        if let displaced {
                            let removed = model.removeValue(forKey: displaced)
                            let gone = try #require(removed)
                            #expect(gone.use != .busy && model.values.allSatisfy { $0.use != gone.use || $0.since > gone.since })
                            scene.close(displaced)
                        }
                        model["\(step)"] = (.new, before)
                    }
                case 3, 4:
                    guard let name = names.randomElement(using: &random), let use = ConnectionUse.allCases.randomElement(using: &random)
                    else { continue }
                    model[name] = (use, scene.now)
                    scene.use(name, use)
                default:
                    guard let name = names.randomElement(using: &random) else { continue }
                    model.removeValue(forKey: name)
                    scene.close(name)
                }
                #expect(scene.table.count == model.count && model.count <= 11)
            }
        }
    }
}

/// The limit that the descriptors of the process allow.
@Suite struct ConnectionLimitTests {
    @Test(arguments: [(2000, 1_048_576, 2000), (2000, 1024, 609), (2000, 256, 97), (100_000, 20_000, 17_477), (2000, 0, 1)])
    func `connections leave descriptors for everything else`(configured: Int, openFilesMax: Int, expected: Int) {
        let connectionsMax = ConnectionLimit.connectionsMax(configured: configured, openFilesMax: openFilesMax)
        #expect(connectionsMax == expected)
        if openFilesMax >= 256 { #expect(connectionsMax + max(16, connectionsMax / 8) + HTTPServer.connectionsPerTurnMax < openFilesMax) }
    }

    @Test func `a newcomer displaces the unused connection, and one that handles a request stays`() throws {
        let limit = ConnectionLimit(connectionsMax: 2, logger: EdgeFixture.silent)
        let first = try EmbeddedConnection(limit: limit)
        try first.readHead()
        let second = try EmbeddedConnection(limit: limit)
        let third = try EmbeddedConnection(limit: limit)
        #expect([first, second, third].map(\.channel.isActive) == [true, false, true])
    }

    @Test func `unused connections are closed below the limit if something else has run out`() throws {
        let limit = ConnectionLimit(connectionsMax: 10, logger: EdgeFixture.silent)
        let all = try (0..<4).map { _ in try EmbeddedConnection(limit: limit) }
        try all[0].readHead()
        limit.acceptFailed(ChannelError.ioOnClosedChannel, closing: 2, now: .now())
        #expect(all.map(\.channel.isActive) == [true, false, false, true])
        limit.acceptFailed(ChannelError.ioOnClosedChannel, closing: 2, now: .now())
        #expect(all.map(\.channel.isActive) == [true, false, false, false])
    }

    @Test func `what is refused is closed at once`() throws {
        let limit = ConnectionLimit(connectionsMax: 1, logger: EdgeFixture.silent)
        let busy = try (0..<17).map { _ in
            let connection = try EmbeddedConnection(limit: limit)
            try connection.readHead()
            return connection
        }
        let refused = try EmbeddedConnection(limit: limit)
        #expect(!refused.channel.isActive)
        #expect(busy.allSatisfy { $0.channel.isActive })
    }
}
