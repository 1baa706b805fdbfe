import Foundation
import Testing

/// The allowed imports of modules and folders: this test enforces the layers.
@Suite struct ImportsTests {
    /// The modules that each module may import. Modules that are not listed may import anything.
    private static let allowed: [String: Set<String>] = [
        "OpenFiles": system,
        "SocketExecutor": system.union(["NIOConcurrencyHelpers"]),
        "HostNames": system.union(["NIOConcurrencyHelpers"]),
        "AMQP": system.union([
            "CRabbitMQ", "DequeModule", "HostNames", "SocketExecutor", "NIOConcurrencyHelpers", "Logging", "ServiceLifecycle",
        ]),
        "Postgres": system.union(["CLibPQ", "HostNames", "SocketExecutor", "NIOConcurrencyHelpers", "Logging", "ServiceLifecycle"]),
        "FluxoDeCaixa": ["FoundationEssentials"],
        "Storage": ["FluxoDeCaixa", "Logging", "Postgres"],
        "Contrato": ["FluxoDeCaixa", "FoundationEssentials"],
        // HTTP only: it sees what users see, never what the services are made of.
        "Carga": system.union([
            "ArgumentParser", "Contrato", "Dispatch", "FluxoDeCaixa", "Foundation", "Histogram", "NIOConcurrencyHelpers", "NIOCore",
            "NIOHTTP1", "NIOPosix", "OpenFiles", "UnixSignals",
        ]),
        "BuildInfo": ["CBuild", "Contrato"],
        "CargaTool": ["ArgumentParser", "BuildInfo", "Carga", "Contrato"],
        "Batching": system.union(["DequeModule", "NIOConcurrencyHelpers", "NIOCore", "NIOPosix", "ServiceLifecycle"]),
        "Settings": ["Foundation", "Yams"],
        "Observability": [
            "Contrato", "CoreMetrics", "FluxoDeCaixa", "Foundation", "Logging", "NIOConcurrencyHelpers", "Settings", "Synchronization",
            "Tracing", "UnixSignals",
        ],
        "Access": [
            "AsyncHTTPClient", "Contrato", "FluxoDeCaixa", "Foundation", "JWTKit", "Logging", "NIOConcurrencyHelpers", "NIOCore",
            "NIOHTTP1",
            "NIOPosix", "ServiceLifecycle", "Settings",
        ],
        // Neither AMQP nor Postgres.
        "Edge": [
            "Access", "Batching", "CLibZ", "Contrato", "CoreMetrics", "FluxoDeCaixa", "Foundation", "HTTPTypes", "Hummingbird",
            "HummingbirdCore",
            "HummingbirdTLS", "Logging", "Metrics", "NIOCertificateReloading", "NIOConcurrencyHelpers", "NIOCore", "NIOHTTP1",
            "NIOHTTPTypes", "NIOHTTPTypesHTTP1", "NIOSSL", "Observability", "OpenFiles", "ServiceLifecycle", "Settings", "Tracing",
        ],
        "Documents": ["Contrato", "Edge", "HTTPTypes", "Hummingbird", "NIOCore", "Yams"],
        "Repair": [
            "AMQP", "ArgumentParser", "AsyncHTTPClient", "Contrato", "FluxoDeCaixa", "Foundation", "Logging", "Mensageria",
            "NIOConcurrencyHelpers", "NIOCore", "NIOHTTP1", "Postgres", "ServiceLifecycle", "ServiceRuntime", "Settings",
        ],
        "Mensageria": ["AMQP", "Contrato", "FluxoDeCaixa", "Logging", "Metrics", "NIOConcurrencyHelpers", "ServiceLifecycle"],
    ]
    private static let system: Set = ["Glibc", "Musl", "Darwin"]

    /// Imports that only some folders of a module may have; the wiring is the files in the module's own folder.
    private static let folders: [(modules: Set<String>, imported: String, folders: Set<String>)] = [
        (["Lancamentos", "Consolidado"], "Hummingbird", ["Controllers", ""]),
        (["Lancamentos", "Consolidado"], "HTTPTypes", ["Controllers", ""]),
        (["Lancamentos", "Consolidado"], "Postgres", ["Repositories", ""]),
        (["Lancamentos", "Consolidado"], "AMQP", ["Messaging", ""]),
        (["Lancamentos", "Consolidado"], "Mensageria", ["Messaging", ""]),
        (["Carga"], "ArgumentParser", ["Commands"]),
        (["Carga"], "Histogram", ["Load"]),
        (["Carga"], "NIOHTTP1", ["Load"]),
    ]

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private struct Import {
        let module: String
        /// The folder inside the module; empty for the module's own.
        let folder: String
        let file: String
        let imported: String
    }

    private static func imports() throws -> [Import] {
        let sources = self.root.appending(path: "Sources")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var imports: [Import] = []
        for case let file as URL in files where file.pathExtension == "swift" {
            let parts = file.pathComponents.dropFirst(sources.pathComponents.count)
            let text = try String(contentsOf: file, encoding: .utf8)
            for line in text.split(separator: "\n") where line.contains("import ") {
                guard
                    let match = line.wholeMatch(
                        of: /(?:@\w+(?:\(\w+\))? )?(?:(?:public|package|internal|fileprivate|private) )?import (\w+).*/)
                else {
                    continue
                }
                imports.append(
                    Import(
                        module: parts.first!,
                        folder: parts.count > 2 ? parts.dropFirst().first! : "",
                        file: parts.joined(separator: "/"),
                        imported: String(match.1)
                    )
                )
            }
        }
        return imports
    }

    @Test func `modules import what they may`() throws {
        let imports = try Self.imports()
        #expect(imports.count > 100, "the sources were not found")
        for one in imports {
            guard let allowed = Self.allowed[one.module] else { continue }
            #expect(allowed.contains(one.imported), "\(one.file) imports \(one.imported)")
        }
    }

    @Test func `layers import what they may`() throws {
        for one in try Self.imports() {
            for rule in Self.folders where rule.modules.contains(one.module) && rule.imported == one.imported {
                #expect(rule.folders.contains(one.folder), "\(one.file) imports \(one.imported)")
            }
        }
    }

    @Test func `the services do not know each other`() throws {
        for one in try Self.imports() {
            #expect(!(one.module == "Lancamentos" && one.imported == "Consolidado"), "\(one.file)")
            #expect(!(one.module == "Consolidado" && one.imported == "Lancamentos"), "\(one.file)")
        }
    }

    @Test func `no shared module knows a service`() throws {
        let shared: Set = ["Access", "Batching", "Edge", "Mensageria", "Observability", "Repair", "ServiceRuntime", "Settings"]
        for one in try Self.imports() where shared.contains(one.module) {
            #expect(!["Lancamentos", "Consolidado"].contains(one.imported), "\(one.file)")
        }
    }

    @Test func `only programs import what changes with every revision`() throws {
        let programs: Set = ["LancamentosServer", "ConsolidadoServer", "CargaTool", "Limites"]
        #expect(Set(try Self.imports().filter { $0.imported == "BuildInfo" }.map(\.module)) == programs)
    }

    @Test func `a C module is imported by one Swift module, and never shown`() throws {
        for one in try Self.imports() where one.imported.hasPrefix("C") && one.imported.dropFirst().first?.isUppercase == true {
            let owner = ["CBuild": "BuildInfo", "CLibPQ": "Postgres", "CLibZ": "Edge", "CRabbitMQ": "AMQP"][one.imported]
            guard one.imported != "CoreMetrics" else { continue }
            #expect(one.module == owner, "\(one.file) imports \(one.imported)")
        }
    }
}
