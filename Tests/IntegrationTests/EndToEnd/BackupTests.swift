import Fixtures
import Foundation
import TestSupport
import Testing

/// `deploy/runbooks/backup-and-restore.md`, its commands as they stand there.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct BackupTests {
    private static func run(_ name: String, _ stack: Stack, folder: String) async throws {
        let scene = RepairScene(stack: stack)
        let outcome = try await scene.run(name, of: "backup-and-restore.md", as: stack.lancamentos, ["COPIA": folder])
        guard outcome.status == 0 else { throw TestFailure("\(name): status \(outcome.status)\n\(outcome.text)") }
    }

    private static func register(_ number: Int, _ stack: Stack) async throws {
        let answer = try await API(token: stack.token).send(
            "POST", "\(stack.lancamentos.url)/v1/lancamentos", headers: [("Idempotency-Key", "k\(number)")],
            body: #"{"conta":"loja.\#(number % 3)","tipo":"credito","valor":"1.00","data":"2026-03-0\#(number % 7 + 1)"}"#)
        try #require(answer.status == 201 || answer.status == 200, "\(answer.status) \(answer.text)")
    }

    /// Credits of all accounts as lancamentos lists them and as consolidado counts them.
    private static func counts(_ stack: Stack) async throws -> (registered: Int, applied: Int) {
        let api = API(token: stack.token)
        var (registered, applied) = (0, 0)
        for conta in (0..<3).map({ "loja.\($0)" }) {
            let list = try await api.send(
                "GET", "\(stack.lancamentos.url)/v1/lancamentos?conta=\(conta)", headers: [("Accept", "application/x-ndjson")])
            try #require(list.status == 200, "\(list.status) \(list.text)")
            registered += list.text.split(separator: "\n").count
            let period = try await api.get(stack.consolidados[0], "/v1/consolidados?conta=\(conta)&de=2026-03-01&ate=2026-03-31")
            applied += try #require(period.member("totais")?.integer("quantidade_creditos"), "\(period.status) \(period.text)")
        }
        return (registered, applied)
    }

    /// Waits until consolidado has counted what lancamentos lists.
    /// - Returns: how many entries that are.
    private static func settled(_ stack: Stack, total: Int? = nil) async throws -> Int {
        var last = (registered: 0, applied: 0)
        let isSettled = try await eventually {
            last = try await Self.counts(stack)
            return last.registered == last.applied && last.registered == total ?? last.registered
        }
        #expect(isSettled, "\(last), expected \(total.map(String.init) ?? "as many of both")")
        return last.registered
    }

    @Test func `a backup made under load brings back what it holds, and each entry counts once`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "copia-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await Stack.with(consolidados: 1) { stack in
            let before = 60
            for number in 0..<before { try await Self.register(number, stack) }
            async let backup: Void = Self.run("backup", stack, folder: folder.path())
            var last = before
            // Until the backup is made, and some more that it cannot have.
            while !FileManager.default.fileExists(atPath: folder.appending(path: "lancamentos.dump").path()) || last < 2 * before {
                try await Self.register(last, stack)
                last += 1
            }
            try await backup
            for number in last..<(last + before) { try await Self.register(number, stack) }
            let total = last + before
            _ = try await Self.settled(stack, total: total)

            for instance in [stack.lancamentos] + stack.consolidados { #expect(await instance.terminate() == 0) }
            for url in stack.databases.values {
                try await TestServers.administer(url, "drop schema public cascade; create schema public")
            }
            try await Self.run("restore", stack, folder: folder.path())
            try await Self.run("republish", stack, folder: folder.path())
            for instance in [stack.lancamentos] + stack.consolidados { try instance.launch() }
            for instance in [stack.lancamentos] + stack.consolidados { try await instance.waitUntilReady() }

            let restored = try await Self.settled(stack)
            #expect(restored >= before && restored < total, "\(restored) of \(total)")
            // Whoever repeats completes it.
            for number in 0..<total { try await Self.register(number, stack) }
            _ = try await Self.settled(stack, total: total)
        }
    }
}
