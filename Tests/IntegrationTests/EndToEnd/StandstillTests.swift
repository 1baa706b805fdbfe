import Fixtures
import Foundation
import NIOConcurrencyHelpers
import TestSupport
import Testing

/// Servers that accept connections and do nothing (SIGSTOP). Servers of the suite's own: the others' must not stand still.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(10))
)
struct StandstillTests {
    @Test func `a broker that stands still holds nothing up and costs nothing`() async throws {
        try await PrivateServers.with { servers in
            try await Stack.with(servers: servers) { stack in
                let statuses = NIOLockedValueBox<[Int: Int]>([:])
                var load = Load(seed: UInt64.random(in: 0...UInt64.max))
                load.entries = 300
                load.clients = 2
                load.repeatedPercent = 0
                try servers.signal(.rabbitmq, SIGSTOP)
                let stopped = ContinuousClock.now
                let ledger = try await load.run(against: stack, pace: .milliseconds(50)) { status in
                    statuses.withLockedValue { $0[status, default: 0] += 1 }
                }
                #expect(statuses.withLockedValue { $0 } == [201: 300])
                // Two heartbeats of 10 s without a sign: every connection was given up by then, and new ones cannot be made.
                try await Task.sleep(until: stopped + .seconds(25))
                #expect(try await API(token: stack.token).get(stack.consolidados[0], "/v1/consolidados/2026-01-01?conta=a").status == 200)
                try servers.signal(.rabbitmq, SIGCONT)
                try await BalanceCheck.expectEqual(ledger, load, stack)
            }
        }
    }

    @Test func `what stood in a stopped database's buffers is not registered long after its 503`() async throws {
        try await PrivateServers.with { servers in
            try await Stack.with(servers: servers, consolidados: 1) { stack in
                let api = API(token: stack.token)
                let body = #"{"conta":"loja","tipo":"credito","valor":"1.00"}"#
                func post(_ count: Int) async throws -> [API.Answer] {
                    try await withThrowingTaskGroup(of: API.Answer.self) { group in
                        for _ in 0..<count { group.addTask { try await api.post(stack.lancamentos, body) } }
                        return try await group.reduce(into: []) { $0.append($1) }
                    }
                }
                // So that there are connections to write on, and that the relay is done with its own.
                for _ in 0..<3 { #expect(try await post(50).allSatisfy { $0.status == 201 }) }
                try await Task.sleep(for: .seconds(1))
                try await servers.signalTree(.postgres, SIGSTOP)
                let answers = try await post(4)
                let answered = ContinuousClock.now
                let unknown = answers.filter { $0["type"]?.hasSuffix("#resultado-desconhecido") == true }
                #expect(answers.allSatisfy { $0.status == 503 })
                #expect(!unknown.isEmpty, "no statement was under way: \(answers.map(\.text))")
                // A 404 counts 30 s after the 503 only.
                try await Task.sleep(until: answered + .seconds(30))
                try await servers.signalTree(.postgres, SIGCONT)
                try await stack.lancamentos.waitUntilReady()
                // Long enough for what a backend would still carry out.
                try await Task.sleep(for: .seconds(2))
                for answer in unknown {
                    let id = try #require(answer["id"])
                    #expect(try await api.get(stack.lancamentos, "/v1/lancamentos/\(id)").status == 404)
                }
            }
        }
    }
}
