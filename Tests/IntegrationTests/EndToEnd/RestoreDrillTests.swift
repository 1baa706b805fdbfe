import Foundation
import TestSupport
import Testing

/// Each database restored to an earlier point than the other, found by `audit` and repaired by the commands of `deploy/runbooks`.
@Suite(
    .enabled(if: TestServers.hasEverything, "needs the servers and products that deploy/local/test provides"), .serialized,
    .timeLimit(.minutes(5))
)
struct RestoreDrillTests {
    /// Restores one database from the dump while its service is stopped.
    private static func restore(_ service: String, _ instance: ServiceProcess, _ scene: RepairScene, folder: String) async throws {
        #expect(await instance.terminate() == 0)
        try await scene.change(service, "drop schema public cascade; create schema public")
        let database = try #require(scene.stack.databases[service])
        let options = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--dbname=\(database)"]
        try await Command.run("/usr/bin/pg_restore", options + ["\(folder)/\(service).dump"])
        try await instance.start()
    }

    private static func expectAudit(
        _ status: Int32, _ text: String, _ scene: RepairScene, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let audit = try await scene.run("audit-all", of: "repair.md", as: scene.consolidado)
        #expect(audit.status == status && audit.text.contains(text), "\(audit.text)", sourceLocation: sourceLocation)
    }

    @Test func `a database restored to an earlier point is found and repaired, whichever it is`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "exercicio-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await RepairScene.with { scene in
            try await scene.register(0..<30)
            try await scene.waitUntilCounted(30)
            let backup = try await scene.run("backup", of: "backup-and-restore.md", as: scene.lancamentos, ["COPIA": folder])
            #expect(backup.status == 0, "\(backup.text)")
            let balances = try await scene.balances()
            try await scene.register(30..<50)
            try await scene.waitUntilCounted(50)
            try await Self.expectAudit(0, "50 registered entries compared, 0 differ", scene)

            // The entry service lost 20 entries that the balances still count.
            try await Self.restore("lancamentos", scene.lancamentos, scene, folder: folder)
            try await Self.expectAudit(1, "applied, not registered\t", scene)
            #expect(try await scene.consolidado.run("audit").status == 0, "balances are what was applied")
            let versions = try await scene.versions()
            let simulated = try await scene.consolidado.run("rebuild", "--de-lancamentos", "--simular", environment: scene.extract)
            #expect(simulated.status == 0 && simulated.text.contains("would change 20 of 30"), "\(simulated.text)")
            let repaired = try await scene.run("rebuild-all", of: "repair.md", as: scene.consolidado)
            #expect(repaired.status == 0 && repaired.text.contains("removed 20 applied entries, added 0"), "\(repaired.text)")
            try await Self.expectAudit(0, "30 registered entries compared, 0 differ", scene)
            #expect(try await scene.balances() == balances)
            for (old, new) in zip(versions, try await scene.versions()) { #expect(new > old) }
            // Callers who repeat register them again, and each counts once.
            try await scene.register(0..<50)
            try await scene.waitUntilCounted(50)

            // The balances lost 20 entries that are registered.
            try await Self.restore("consolidado", scene.consolidado, scene, folder: folder)
            try await Self.expectAudit(1, "registered, not applied\t", scene)
            let replayed = try await scene.run("republish", of: "backup-and-restore.md", as: scene.lancamentos, ["COPIA": folder])
            #expect(replayed.status == 0, "\(replayed.text)")
            try await scene.waitUntilCounted(50)
            try await Self.expectAudit(0, "50 registered entries compared, 0 differ", scene)

            // Once more, repaired without the broker.
            try await Self.restore("consolidado", scene.consolidado, scene, folder: folder)
            let added = try await scene.run("rebuild-all", of: "repair.md", as: scene.consolidado)
            #expect(added.status == 0 && added.text.contains("removed 0 applied entries, added 20"), "\(added.text)")
            try await Self.expectAudit(0, "50 registered entries compared, 0 differ", scene)
        }
    }

    @Test func `an extract that ends early or is another system's changes nothing`() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "extrato-\(UUID().uuidString)").path()
        defer { try? FileManager.default.removeItem(atPath: file) }
        try await RepairScene.with { scene in
            try await scene.register(0..<9)
            try await scene.waitUntilCounted(9)
            let extract = try await scene.api.send(
                "GET", "\(scene.lancamentos.url)/v1/lancamentos?conta=*", headers: [("Accept", "application/x-ndjson")])
            // By its time the file was written after the last entry could be committed.
            func rebuild(_ text: String, writtenAfterS: Double = 61) async throws -> (status: Int32, text: String) {
                try text.write(toFile: file, atomically: false, encoding: .utf8)
                try FileManager.default.setAttributes([.modificationDate: Date() + writtenAfterS], ofItemAtPath: file)
                return try await scene.consolidado.run("rebuild", "--de-lancamentos", "--extrato", file)
            }
            #expect(try await rebuild(extract.text).status == 0)
            let cut = try await rebuild(String(extract.text.dropLast(40)))
            #expect(cut.status == 2 && cut.text.contains("middle of a line"), "\(cut.text)")
            let empty = try await rebuild("")
            #expect(empty.status == 2 && empty.text.contains("--sim"), "\(empty.text)")
            let old = try await rebuild("", writtenAfterS: -3600)
            #expect(old.status == 0 && old.text.contains("removed 0 applied entries, added 0"), "\(old.text)")
            let lines = extract.text.split(separator: "\n").reversed().joined(separator: "\n") + "\n"
            let disordered = try await rebuild(lines)
            #expect(disordered.status == 2 && disordered.text.contains("not in the order of ids"), "\(disordered.text)")
            #expect(try await rebuild("{}\n").status == 2)
            #expect(try await scene.counted() == 9)
        }
    }
}
