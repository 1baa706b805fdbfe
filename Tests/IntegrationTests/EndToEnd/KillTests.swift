import Fixtures
import Foundation
import NIOConcurrencyHelpers
import TestSupport
import Testing

/// The promises, with parts of the system killed under load. Servers of the suite's own: the others' must not suffer.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(10))
)
struct KillTests {
    @Test func `nothing is lost and nothing counts twice, whatever is killed`() async throws {
        try await PrivateServers.with { servers in
            try await Stack.with(servers: servers, consolidados: 3) { stack in
                let load = Load(seed: UInt64.random(in: 0...UInt64.max))
                async let ledger = load.run(against: stack, pace: .milliseconds(150))
                try await Self.wreak(havocOn: stack, servers)
                for instance in [stack.lancamentos] + stack.consolidados { try await instance.waitUntilReady() }
                try await BalanceCheck.expectEqual(try await ledger, load, stack)
            }
        }
    }

    /// SIGKILL for consolidado five times, RabbitMQ twice, PostgreSQL once, lancamentos once; one consolidado stands still for 15 s meanwhile.
    private static func wreak(havocOn stack: Stack, _ servers: PrivateServers) async throws {
        let (first, second, still) = (stack.consolidados[0], stack.consolidados[1], stack.consolidados[2])
        func restart(_ instance: ServiceProcess) async throws {
            instance.kill()
            try await Task.sleep(for: .milliseconds(500))
            try instance.launch()
            try await Task.sleep(for: .seconds(2))
        }
        func restart(_ server: PrivateServers.Server) async throws {
            try await servers.kill(server)
            try await Task.sleep(for: .seconds(1))
            try await servers.start(server)
            try await Task.sleep(for: .seconds(2))
        }
        try await Task.sleep(for: .seconds(2))
        still.signal(SIGSTOP)
        let stopped = ContinuousClock.now
        try await restart(first)
        try await restart(.rabbitmq)
        try await restart(second)
        try await restart(stack.lancamentos)
        try await Task.sleep(until: stopped + .seconds(15))
        still.signal(SIGCONT)
        try await restart(first)
        try await restart(.postgres)
        try await restart(second)
        try await restart(.rabbitmq)
        try await restart(first)
    }

    @Test func `every entry is accepted while RabbitMQ is down for 30 s, then while consolidado is down`() async throws {
        try await PrivateServers.with { servers in
            try await Stack.with(servers: servers) { stack in
                let statuses = NIOLockedValueBox<[Int: Int]>([:])
                let count: @Sendable (Int) -> Void = { status in statuses.withLockedValue { $0[status, default: 0] += 1 } }
                var load = Load(seed: UInt64.random(in: 0...UInt64.max))
                load.entries = 600
                load.clients = 2
                load.repeatedPercent = 0

                try await servers.kill(.rabbitmq)
                let down = ContinuousClock.now
                var first = try await load.run(against: stack, pace: .milliseconds(100), onAnswer: count)
                // The outage lasts 30 s at least.
                try await Task.sleep(until: down + .seconds(30))
                #expect(statuses.withLockedValue { $0 } == [201: 600])
                try await servers.start(.rabbitmq)
                try await BalanceCheck.expectEqual(first, load, stack)

                for instance in stack.consolidados { instance.kill() }
                var more = load
                more.seed = load.seed &+ 1
                more.keyPrefix = "outra"
                let second = try await more.run(against: stack, onAnswer: count)
                #expect(statuses.withLockedValue { $0 } == [201: 1200])
                for instance in stack.consolidados { try await instance.start() }
                for entry in second.entries { first.add(entry) }
                try await BalanceCheck.expectEqual(first, load, stack)
            }
        }
    }

    @Test func `without the entry database the answer is 503 in under 2 s, and it recovers by itself`() async throws {
        try await PrivateServers.with { servers in
            try await Stack.with(servers: servers, consolidados: 1) { stack in
                let api = API(token: stack.token)
                let body = #"{"conta":"loja","tipo":"credito","valor":"1.00"}"#
                #expect(try await api.post(stack.lancamentos, body).status == 201)
                try await servers.kill(.postgres)
                let keyless = try await api.post(stack.lancamentos, body)
                #expect(keyless["type"]?.hasSuffix("#banco-indisponivel") == true, "\(keyless.text)")
                for _ in 0..<10 {
                    let (answer, time) = try await timed { try await api.post(stack.lancamentos, body, key: "k") }
                    #expect(answer.status == 503, "\(answer.text)")
                    #expect(answer.header("Retry-After") != nil)
                    #expect(time < .seconds(2), "answered after \(time)")
                }
                #expect(await !stack.lancamentos.isReady())
                #expect(try await api.send("GET", "\(stack.lancamentos.url)/livez").status == 200)
                try await servers.start(.postgres)
                try await stack.lancamentos.waitUntilReady()
                #expect([200, 201].contains(try await api.post(stack.lancamentos, body, key: "k").status))
                try await stack.consolidados[0].waitUntilReady()
                let isComplete = try await eventually {
                    try await api.get(stack.consolidados[0], "/v1/consolidados/9999-12-31?conta=loja")["saldo_final"] == "2.00"
                }
                #expect(isComplete)
            }
        }
    }
}
