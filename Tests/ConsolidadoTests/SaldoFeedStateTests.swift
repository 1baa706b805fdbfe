import Edge
import FluxoDeCaixa
import Testing

@testable import Consolidado

@Suite struct SaldoFeedStateTests {
    private static let start = ContinuousClock.now
    private static let dia = Dia(ano: 2026, mes: 11, dia: 24)!
    private static let perdeu = "event: perdeu\ndata: {}\n\n"
    private static let alive = ": vivo\n\n"
    private static let aliveWithoutBroker = ": vivo, sem o broker: as mudanças chegam quando ele voltar\n\n"

    /// A feed whose readers are named by the waiter that each uses.
    private struct Feed {
        var state: SaldoFeedState<String>
        private var now = SaldoFeedStateTests.start
        var agora = Instante(milissegundos: 1_000_000)
        var link = Feed.following(1)

        static func following(_ starts: UInt64, _ filters: Set<FiltroDeConta> = [.todas]) -> FeedLink {
            FeedLink(isFollowing: true, starts: starts, filters: filters)
        }

        init(_ configure: (inout SaldoFeedLimits) -> Void = { _ in }) {
            var limits = SaldoFeedLimits()
            limits.groups = 1
            // No comments, but in the tests about them.
            limits.commentInterval = .seconds(36_000)
            configure(&limits)
            self.state = SaldoFeedState(limits: limits, now: SaldoFeedStateTests.start)
            _ = self.turn()
        }

        /// Adds a reader, which then waits: it has received its first comment.
        mutating func add(_ name: String, _ filtro: String, validUntil: Instante? = nil) throws -> UInt64 {
            let id = try self.subscribe(filtro, validUntil: validUntil)
            let first = self.next(id, name)
            let waits = self.next(id, name)
            #expect(first == [": vivo\n\n"] && waits == nil)
            return id
        }

        mutating func subscribe(
            _ filtro: String, validUntil: Instante? = nil, hasLost: Bool = false, isWanted: @escaping @Sendable () -> Bool = { true }
        ) throws -> UInt64 {
            let filtro = try #require(FiltroDeConta(parsing: filtro))
            return try self.state.subscribe(filtro, validUntil: validUntil, hasLost: hasLost, isWanted: isWanted, now: self.now)
        }

        /// Runs turns until the comment of the reader, which waits, has been given out. The reader waits again.
        /// - Returns: how long that took.
        @discardableResult
        mutating func passComment(of id: UInt64, _ name: String) -> Duration {
            let start = self.now
            while self.now - start < .seconds(60), self.turn(after: .milliseconds(1))[name] == nil {}
            let waits = self.next(id, name)
            #expect(waits == nil)
            return self.now - start
        }

        var request: FeedRequest? { self.state.request(now: self.now) }

        /// How long a reader that is about to subscribe waits for changes.
        mutating func expectReader(_ filtro: FiltroDeConta = .todas) -> Duration? {
            self.state.expectReader(of: filtro, now: self.now).map { $0 - self.now }
        }

        mutating func offer(_ conta: String, versao: Int64, dia: Dia = SaldoFeedStateTests.dia) {
            let chave = ChaveDeSaldo(conta: Conta(conta)!, data: dia)
            self.state.offer(SaldoUpdate(chave: chave, versao: versao, block: .comment("\(conta) \(dia) \(versao)")))
        }

        /// The next turn; what each waiting reader receives, sorted, or nil where its stream ends.
        mutating func turn(after time: Duration = .milliseconds(250)) -> [String: [String]?] {
            self.now += time
            let handOvers = self.state.due(now: self.now, agora: self.agora, link: self.link)
            return Dictionary(uniqueKeysWithValues: handOvers.map { ($0.waiter, $0.blocks.map { $0.map(\.text).sorted() }) })
        }

        mutating func next(_ id: UInt64, _ name: String) -> [String]? {
            self.state.next(id, waiter: name)?.blocks?.map(\.text).sorted()
        }
    }

    private static func text(_ conta: String, _ versao: Int64, dia: Dia = SaldoFeedStateTests.dia) -> String {
        ": \(conta) \(dia) \(versao)\n\n"
    }

    @Test func `readers receive a change in groups, each group in its turn and what is newest then`() throws {
        var feed = Feed { $0.groups = 4 }
        let names = (1...8).map { "r\($0)" }
        for name in names { _ = try feed.add(name, "a") }
        feed.offer("a", versao: 1)
        let first = feed.turn(after: .milliseconds(60))
        feed.offer("a", versao: 2)
        let later = (2...4).map { _ in feed.turn(after: .milliseconds(60)) }
        #expect(first.values.allSatisfy { $0 == [Self.text("a", 1)] } && later.joined().allSatisfy { $0.value == [Self.text("a", 2)] })
        #expect(([first] + later).map(\.count) == [2, 2, 2, 2])
        #expect(Set(([first] + later).flatMap(\.keys)) == Set(names))
    }

    /// Defect: clients that share their streams of 50 accounts among instances had all readers of an account in one group.
    @Test(arguments: [1, 2, 10, 25, 50, 100])
    func `the readers of an account receive its change in different turns, however far apart they subscribed`(distance: Int) throws {
        var feed = Feed {
            $0.groups = 10
            $0.readersMax = 40 * distance
        }
        for number in 0..<40 * distance { _ = try feed.add("\(number)", number % distance == 0 ? "a" : "b") }
        feed.offer("a", versao: 1)
        let counts = (1...10).map { _ in feed.turn(after: .milliseconds(25)).count }
        #expect(counts.reduce(0, +) == 40 && counts.max()! <= 8, "\(counts)")
    }

    @Test func `only the first readers wait for changes, a bounded number of them`() throws {
        var feed = Feed { $0.startWaitersMax = 2 }
        #expect(feed.expectReader() == nil, "changes arrive")
        feed.link = FeedLink(isFollowing: false, starts: 1, filters: [.todas])
        _ = feed.turn(after: .seconds(60))
        #expect(feed.expectReader() == .seconds(1))
        _ = feed.turn(after: .milliseconds(400))
        #expect(feed.expectReader() == .milliseconds(600), "all wait until the same moment")
        #expect(feed.expectReader() == nil, "two wait")
        feed.state.endWait()
        #expect(feed.expectReader() == .milliseconds(600))
        feed.state.endWait()
        _ = feed.turn(after: .milliseconds(600))
        #expect(feed.expectReader() == nil, "the broker is away")
        _ = try feed.subscribe("x")
        _ = feed.turn(after: .seconds(3600))
        #expect(feed.expectReader() == nil, "there is a reader")
    }

    @Test func `no reader waits for changes after shutdown`() {
        var feed = Feed()
        feed.link = FeedLink(isFollowing: false, starts: 1)
        _ = feed.turn(after: .seconds(60))
        _ = feed.state.close()
        #expect(feed.expectReader() == nil)
    }

    @Test func `changes are wanted from shortly before the first reader until some time after the last`() throws {
        var feed = Feed { $0.restAfter = .seconds(60) }
        feed.link = FeedLink(isFollowing: false, starts: 1)
        _ = feed.turn()
        #expect(feed.request == nil)
        #expect(feed.expectReader() == .seconds(1))
        #expect(feed.request == .follow([.todas]))
        feed.link = Feed.following(2)
        _ = feed.turn()
        #expect(feed.request == nil)
        let reader = try feed.add("a", "loja")
        for _ in 0..<3 {
            _ = feed.turn(after: .seconds(60))
            #expect(feed.request == nil)
        }
        _ = feed.state.unsubscribe(reader)
        _ = feed.turn(after: .seconds(59))
        #expect(feed.request == nil)
        _ = feed.turn(after: .seconds(1))
        #expect(feed.request == .rest)
        feed.link = FeedLink(isFollowing: false, starts: 2)
        _ = feed.turn()
        #expect(feed.request == nil)
    }

    private static func uma(_ conta: String) -> FiltroDeConta { .uma(Conta(conta)!) }

    @Test func `the accounts of readers are followed, and beyond a number of filters all accounts are`() throws {
        var feed = Feed { $0.filtersMax = 2 }
        feed.link = Feed.following(2, [])
        _ = try feed.subscribe("a")
        _ = feed.turn()
        #expect(feed.request == .follow([Self.uma("a")]))
        feed.link = Feed.following(2, [Self.uma("a")])
        _ = feed.turn()
        #expect(feed.request == nil)
        _ = try feed.subscribe("a")
        #expect(feed.request == nil)
        _ = try feed.subscribe("b.*")
        #expect(feed.request == .follow([Self.uma("a"), .abaixoDe(Conta("b")!)]), "at once, and not only in the next turn")
        _ = try feed.subscribe("c")
        _ = feed.turn()
        #expect(feed.request == .follow([.todas]))
        feed.link = Feed.following(2, [Self.uma("a"), .todas])
        _ = feed.turn()
        #expect(feed.request == nil)
    }

    @Test func `accounts that nobody follows any more are forgotten when changes are not wanted`() throws {
        var feed = Feed { $0.restAfter = .seconds(60) }
        let reader = try feed.subscribe("a")
        _ = feed.state.unsubscribe(reader)
        _ = feed.turn(after: .seconds(61))
        #expect(feed.request == .rest)
        feed.link = FeedLink(isFollowing: false, starts: 1)
        _ = feed.turn()
        _ = feed.expectReader(Self.uma("b"))
        #expect(feed.request == .follow([Self.uma("b")]))
    }

    @Test func `a reader waits for the changes of its accounts, and not for those of others`() throws {
        var feed = Feed()
        feed.link = Feed.following(2, [Self.uma("a")])
        _ = feed.turn()
        #expect(feed.expectReader(Self.uma("a")) == nil)
        #expect(feed.expectReader(Self.uma("b")) == .seconds(1))
        #expect(feed.state.awaitsChanges(of: Self.uma("b")))
        _ = try feed.subscribe("a")
        _ = feed.turn(after: .seconds(90))
        #expect(feed.expectReader(Self.uma("c")) == .seconds(1), "the broker is there, so each new account is waited for")
        feed.link = Feed.following(2, [Self.uma("a"), Self.uma("b")])
        _ = feed.turn()
        #expect(!feed.state.awaitsChanges(of: Self.uma("b")) && feed.state.awaitsChanges(of: Self.uma("c")))
    }

    @Test func `a reader whose changes arrive later than its stream begins receives perdeu then, and no other does`() throws {
        var feed = Feed()
        feed.link = Feed.following(2, [Self.uma("a")])
        _ = feed.turn()
        _ = try feed.add("a", "a")
        _ = try feed.add("b", "b")
        #expect(feed.turn().isEmpty)
        feed.link = Feed.following(2, [Self.uma("a"), Self.uma("b")])
        #expect(feed.turn() == ["b": [Self.perdeu]])
        #expect(feed.turn().isEmpty)
        feed.link = Feed.following(2, [Self.uma("a"), Self.uma("b"), .todas])
        #expect(feed.turn().isEmpty)
        #expect(!feed.state.awaitsChanges(of: Self.uma("c")))
        _ = try feed.add("c", "c")
        feed.link.filters.insert(Self.uma("c"))
        #expect(feed.turn().isEmpty)
    }

    @Test func `after a new connection a reader receives perdeu, and again when its accounts are followed`() throws {
        var feed = Feed()
        feed.link = Feed.following(1, [Self.uma("a")])
        let id = try feed.add("a", "a")
        #expect(feed.turn().isEmpty && feed.request == nil)
        feed.link = Feed.following(2, [])
        #expect(feed.turn()["a"] == [Self.perdeu])
        #expect(feed.next(id, "a") == nil)
        #expect(feed.request == .follow([Self.uma("a")]))
        feed.link = Feed.following(2, [Self.uma("a")])
        #expect(feed.turn()["a"] == [Self.perdeu])
    }

    @Test func `each reader receives the changes of the accounts that its filter covers`() throws {
        var feed = Feed()
        _ = try feed.add("caixa", "loja42.caixa")
        _ = try feed.add("loja", "loja42.*")
        _ = try feed.add("todas", "*")
        feed.offer("loja42.caixa", versao: 1)
        feed.offer("loja42", versao: 1)
        let given = feed.turn()
        #expect(given["caixa"] == [Self.text("loja42.caixa", 1)])
        #expect(given["loja"] == [Self.text("loja42.caixa", 1)])
        #expect(given["todas"] == [Self.text("loja42", 1), Self.text("loja42.caixa", 1)].sorted())
        #expect(feed.turn().isEmpty)
    }

    @Test func `of the changes of a day in one turn the newest version remains`() throws {
        var feed = Feed()
        let id = try feed.add("a", "*")
        for versao: Int64 in [3, 7, 5, 7] { feed.offer("x", versao: versao) }
        #expect(feed.turn()["a"] == [Self.text("x", 7)])
        #expect(feed.next(id, "a") == nil)
        feed.offer("x", versao: 6)
        #expect(feed.turn().isEmpty, "an older version that arrives late is ignored")
        feed.offer("x", versao: 8)
        #expect(feed.turn()["a"] == [Self.text("x", 8)])
    }

    @Test func `a lower version is accepted after some time, because a database may be restored`() throws {
        var feed = Feed { $0.stallMax = .seconds(1000) }
        _ = try feed.add("a", "*")
        feed.offer("x", versao: 9)
        #expect(feed.turn()["a"] == [Self.text("x", 9)])
        for _ in 0..<2 { _ = feed.turn(after: .seconds(31)) }
        feed.offer("x", versao: 2)
        let id = try feed.subscribe("*")
        _ = feed.turn()
        #expect(feed.next(id, "b")?.contains(Self.text("x", 2)) == true)
    }

    @Test func `a reader that does not wait gets the newest version of each day later`() throws {
        var feed = Feed()
        let id = try feed.subscribe("*")
        #expect(feed.next(id, "a") == [": vivo\n\n"])
        feed.offer("x", versao: 1)
        feed.offer("y", versao: 1)
        #expect(feed.turn().isEmpty)
        feed.offer("x", versao: 2)
        #expect(feed.turn().isEmpty)
        #expect(feed.next(id, "a") == [Self.text("x", 2), Self.text("y", 1)])
    }

    @Test func `a reader for which too many days are kept loses them, receives perdeu once, and goes on`() throws {
        var feed = Feed { $0.keptDaysMax = 3 }
        let id = try feed.subscribe("*")
        let other = try feed.add("other", "a0")
        #expect(feed.next(id, "a") == [": vivo\n\n"])
        for number in 0..<3 { feed.offer("a\(number)", versao: 1) }
        #expect(feed.turn()["other"] == [Self.text("a0", 1)])
        #expect(feed.state.losses == 0)
        #expect(feed.next(other, "other") == nil)
        feed.offer("a3", versao: 1)
        #expect(feed.turn().isEmpty)
        #expect(feed.state.losses == 1)
        feed.offer("a4", versao: 1)
        #expect(feed.turn().isEmpty)
        #expect(feed.next(id, "a") == [Self.text("a4", 1), Self.perdeu].sorted())
        #expect(feed.next(id, "a") == nil)
        feed.offer("a5", versao: 1)
        #expect(feed.turn()["a"] == [Self.text("a5", 1)])
        #expect(feed.state.losses == 1)
    }

    @Test func `after a new connection to the broker every reader receives perdeu`() throws {
        var feed = Feed()
        let id = try feed.add("a", "x")
        let late = try feed.subscribe("y")
        feed.link = FeedLink(isFollowing: false, starts: 1)
        #expect(feed.turn()["a"] == [Self.aliveWithoutBroker], "after perdeu now the balances would be read too early")
        #expect(feed.next(id, "a") == nil)
        feed.link = Feed.following(2)
        #expect(feed.turn()["a"] == [Self.alive, Self.perdeu])
        #expect(feed.next(late, "late") == [Self.alive, Self.perdeu])
        #expect(feed.state.losses == 2)
        #expect(feed.next(id, "a") == nil)
        #expect(feed.turn().isEmpty)
    }

    @Test func `a comment is due at once when the broker goes and when it is back, and the later ones keep their times`() throws {
        var feed = Feed {
            $0.stallMax = .seconds(100)
            $0.commentInterval = SaldoFeedLimits().commentInterval
        }
        let id = try feed.add("a", "x")
        feed.passComment(of: id, "a")
        let busy = try feed.subscribe("y")
        #expect(feed.next(busy, "busy") == [Self.alive])
        feed.link = FeedLink(isFollowing: false, starts: 1)
        #expect(feed.turn(after: .seconds(10)) == ["a": [Self.aliveWithoutBroker]])
        #expect(feed.next(id, "a") == nil)
        #expect(feed.turn().isEmpty)
        feed.link = Feed.following(2)
        #expect(feed.turn()["a"] == [Self.alive, Self.perdeu])
        #expect(feed.next(busy, "busy") == [Self.alive, Self.perdeu], "of two comments for a reader that does not wait the last remains")
        #expect(feed.next(id, "a") == nil)
        #expect(feed.turn(after: .milliseconds(4499)).isEmpty)
        #expect(feed.turn(after: .milliseconds(1))["a"] == [Self.alive])
    }

    @Test func `a connection that was lost and made again between two turns is noticed`() throws {
        var feed = Feed()
        _ = try feed.add("a", "x")
        feed.link = Feed.following(3)
        #expect(feed.turn()["a"] == [Self.perdeu])
    }

    @Test func `a process that stood still says that changes may be missing`() throws {
        var feed = Feed()
        let id = try feed.add("a", "x")
        #expect(feed.turn(after: .seconds(5)).isEmpty)
        #expect(feed.turn(after: .seconds(6))["a"] == [Self.perdeu])
        #expect(feed.next(id, "a") == nil)
    }

    @Test func `more changes in one turn than are held are lost, and perdeu reports it`() throws {
        var feed = Feed { $0.pendingDaysMax = 2 }
        _ = try feed.add("a", "*")
        for number in 0..<3 { feed.offer("a\(number)", versao: 1) }
        #expect(feed.turn()["a"] == [Self.perdeu])
    }

    @Test func `a change that cannot be read is lost for the readers of its account`() throws {
        var feed = Feed()
        _ = try feed.add("a", "x.*")
        _ = try feed.add("b", "y")
        feed.state.lose(Conta("x.1")!)
        #expect(feed.turn() == ["a": [Self.perdeu]])
    }

    @Test func `a comment is due every fifteen seconds and says whether the broker is there`() throws {
        var feed = Feed {
            $0.stallMax = .seconds(100)
            $0.commentInterval = SaldoFeedLimits().commentInterval
        }
        let id = try feed.add("a", "x")
        #expect(feed.passComment(of: id, "a") <= .seconds(15))
        #expect(feed.turn(after: .milliseconds(14_999)).isEmpty)
        #expect(feed.turn(after: .milliseconds(1))["a"] == [": vivo\n\n"])
        #expect(feed.next(id, "a") == nil)
        feed.link = FeedLink(isFollowing: false, starts: 1)
        #expect(feed.turn(after: .milliseconds(1))["a"] == [Self.aliveWithoutBroker])
        #expect(feed.next(id, "a") == nil)
        #expect(feed.turn(after: .milliseconds(14_998)).isEmpty)
        #expect(feed.turn(after: .milliseconds(1))["a"] == [Self.aliveWithoutBroker])
    }

    @Test func `the comments of readers that subscribe at the same time are spread over fifteen seconds`() throws {
        var feed = Feed {
            $0.stallMax = .seconds(100)
            $0.commentInterval = SaldoFeedLimits().commentInterval
        }
        for number in 0..<150 { _ = try feed.add("\(number)", "x") }
        for _ in 0..<15 {
            let readers = feed.turn(after: .seconds(1))
            #expect((8...12).contains(readers.count) && readers.values.allSatisfy { $0 == [Self.alive] }, "\(readers.count) of 150")
        }
    }

    @Test func `a stream ends when the token expires and when the caller has gone`() throws {
        var feed = Feed()
        _ = try feed.add("token", "x", validUntil: Instante(milissegundos: 1_000_001))
        _ = try feed.add("kept", "x", validUntil: Instante(milissegundos: 1_000_002))
        let gone = try feed.subscribe("x", isWanted: { false })
        #expect(feed.state.count == 3)
        _ = feed.turn()
        #expect(feed.state.count == 2)
        #expect(feed.state.next(gone, waiter: "gone")?.blocks == nil)
        feed.agora = Instante(milissegundos: 1_000_001)
        #expect(feed.turn() == ["token": nil])
        #expect(feed.state.count == 1)
    }

    @Test func `a reader too many is refused, and its place is free again`() throws {
        var feed = Feed { $0.readersMax = 2 }
        let first = try feed.add("a", "x")
        _ = try feed.add("b", "x")
        #expect(throws: FeedRefusal.full) { try feed.subscribe("x") }
        #expect(feed.state.unsubscribe(first) == "a")
        #expect(feed.state.unsubscribe(first) == nil)
        _ = try feed.add("c", "x")
        #expect(feed.state.wants(Conta("x")!) && !feed.state.wants(Conta("y")!))
    }

    @Test func `a reader that connects again receives perdeu`() throws {
        var feed = Feed()
        let id = try feed.subscribe("x", hasLost: true)
        #expect(feed.next(id, "a") == [": vivo\n\n", Self.perdeu].sorted())
        #expect(feed.state.losses == 0)
    }

    @Test func `at shutdown every stream ends and no reader is accepted`() throws {
        var feed = Feed()
        let id = try feed.add("a", "x")
        let busy = try feed.subscribe("x")
        #expect(feed.state.close().map(\.waiter) == ["a"])
        #expect(feed.state.next(busy, waiter: "b")?.waiter == "b")
        #expect(feed.state.next(id, waiter: "a")?.blocks == nil)
        #expect(throws: FeedRefusal.closed) { try feed.subscribe("x") }
        #expect(feed.state.count == 0)
    }

    @Test func `the remembered versions are bounded`() {
        var newest = NewestVersions(halfDaysMax: 10, now: Self.start)
        let chaves = (0..<100).map { ChaveDeSaldo(conta: Conta("a\($0)")!, data: Self.dia) }
        let first = chaves.map { newest.isNewer($0, 5) }
        #expect(first.allSatisfy { $0 })
        let again = [newest.isNewer(chaves[99], 5), newest.isNewer(chaves[90], 4)]
        #expect(again == [false, false])
        let dropped = newest.isNewer(chaves[0], 4)
        #expect(dropped)
    }
}
