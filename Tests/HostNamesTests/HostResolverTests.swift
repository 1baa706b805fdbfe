import NIOConcurrencyHelpers
import Testing

@testable import HostNames

/// A name server in memory. While it is silent, look-ups wait until ``answer()``.
private final class FakeNameServer: HostLookup {
    private struct State {
        var answer: Result<[String], HostNameError>
        var isSilent = false
        var lookups = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: NIOLockedValueBox<State>

    init(_ addresses: [String]) {
        self.state = NIOLockedValueBox(State(answer: .success(addresses)))
    }

    var lookups: Int { self.state.withLockedValue { $0.lookups } }

    func change(_ answer: Result<[String], HostNameError>) {
        self.state.withLockedValue { $0.answer = answer }
    }

    func fallSilent() {
        self.state.withLockedValue { $0.isSilent = true }
    }

    /// Ends the silence; the look-ups in progress are answered.
    func answer() {
        let waiting = self.state.withLockedValue { state in
            state.isSilent = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for lookup in waiting { lookup.resume() }
    }

    func addresses(of host: String) async throws(HostNameError) -> [String] {
        await withCheckedContinuation { continuation in
            let answersNow = self.state.withLockedValue { state in
                state.lookups += 1
                if state.isSilent { state.waiting.append(continuation) }
                return !state.isSilent
            }
            if answersNow { continuation.resume() }
        }
        return try self.state.withLockedValue { $0.answer }.get()
    }
}

@Suite(.timeLimit(.minutes(5))) struct HostResolverTests {
    /// Never reached where the answer does not depend on time.
    private static let long: Duration = .seconds(600)
    /// Reached by each look-up that a silent server leaves open.
    private static let short: Duration = .milliseconds(20)

    private static func failure(_ resolver: HostResolver, within limit: Duration = short) async -> HostNameError? {
        do throws(HostNameError) {
            _ = try await resolver.addresses(of: "banco", within: limit)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: ["127.0.0.1", "::1", "2001:db8::7"])
    func `an address is not looked up`(address: String) async throws {
        let server = FakeNameServer([])
        #expect(try await HostResolver(lookup: server).addresses(of: address, within: Self.long) == [address])
        #expect(server.lookups == 0)
    }

    @Test func `each call asks, so that a change is seen`() async throws {
        let server = FakeNameServer(["10.0.0.1", "10.0.0.2"])
        let resolver = HostResolver(lookup: server)
        #expect(try await resolver.addresses(of: "banco", within: Self.long) == ["10.0.0.1", "10.0.0.2"])
        server.change(.success(["10.0.0.3"]))
        #expect(try await resolver.addresses(of: "banco", within: Self.long) == ["10.0.0.3"])
    }

    @Test func `a silent server delays a call up to its limit, and calls share one look-up`() async {
        let server = FakeNameServer(["10.0.0.1"])
        server.fallSilent()
        let resolver = HostResolver(lookup: server)
        for _ in 0..<5 { #expect(await Self.failure(resolver) == .noAnswer) }
        #expect(server.lookups == 1)
    }

    @Test func `a look-up goes on after its caller gave up, and its answer is kept`() async throws {
        let server = FakeNameServer(["10.0.0.1"])
        server.fallSilent()
        let resolver = HostResolver(lookup: server)
        #expect(await Self.failure(resolver) == .noAnswer)
        async let next = resolver.addresses(of: "banco", within: Self.long)
        server.answer()
        #expect(try await next == ["10.0.0.1"])
    }

    @Test func `a known address is used while the server is silent or fails`() async throws {
        let server = FakeNameServer(["10.0.0.1"])
        let resolver = HostResolver(lookup: server)
        _ = try await resolver.addresses(of: "banco", within: Self.long)
        server.change(.failure(.noAnswer))
        #expect(try await resolver.addresses(of: "banco", within: Self.long) == ["10.0.0.1"])
        server.change(.failure(.failed("x")))
        #expect(try await resolver.addresses(of: "banco", within: Self.long) == ["10.0.0.1"])
        server.fallSilent()
        // The limit of ten minutes is for a host without a known address.
        #expect(try await resolver.addresses(of: "banco", within: Self.long) == ["10.0.0.1"])
    }

    @Test func `a name that is gone is an error even if its address was known`() async throws {
        let server = FakeNameServer(["10.0.0.1"])
        let resolver = HostResolver(lookup: server)
        _ = try await resolver.addresses(of: "banco", within: Self.long)
        server.change(.failure(.unknownName))
        #expect(await Self.failure(resolver, within: Self.long) == .unknownName)
    }

    @Test func `a cancelled call ends at once`() async {
        let server = FakeNameServer(["10.0.0.1"])
        server.fallSilent()
        let resolver = HostResolver(lookup: server)
        let call = Task { await Self.failure(resolver, within: Self.long) }
        call.cancel()
        #expect(await call.value == .noAnswer)
    }

    @Test func `the system's look-up knows this machine, and not a reserved name`() async throws {
        let addresses = try await SystemHostLookup().addresses(of: "localhost")
        #expect(addresses.contains("127.0.0.1") || addresses.contains("::1"))
        #expect(Set(addresses).count == addresses.count)
        // RFC 6761: no name server may know it. Without a name server the look-up fails in another way.
        await #expect(throws: HostNameError.self) { try await SystemHostLookup().addresses(of: "nome.invalid") }
    }
}
