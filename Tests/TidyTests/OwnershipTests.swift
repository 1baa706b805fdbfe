import Foundation
import Testing

/// Each service owns its configuration keys, metrics, scopes and routes: adding one touches the folder of that service and its documents.
@Suite struct OwnershipTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The text of each source file, by its path below `Sources/`.
    private static func sources() throws -> [String: String] {
        let folder = self.root.appending(path: "Sources")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var sources: [String: String] = [:]
        for case let file as URL in files where file.pathExtension == "swift" {
            let path = file.pathComponents.dropFirst(folder.pathComponents.count).joined(separator: "/")
            sources[path] = try String(contentsOf: file, encoding: .utf8)
        }
        try #require(sources.count > 100, "the sources were not found")
        return sources
    }

    /// Every literal that `pattern` captures, with the files that contain it.
    private static func literals(_ pattern: Regex<(Substring, Substring)>) throws -> [(literal: String, file: String)] {
        try self.sources().flatMap { file, text in
            text.matches(of: pattern).map { (String($0.1), file) }
        }
    }

    private static func owner(of file: String) -> String {
        String(file.prefix { $0 != "/" })
    }

    @Test(arguments: [("lancamentos", "Lancamentos"), ("consolidado", "Consolidado")])
    func `the keys below a service's name are in its folder`(prefix: String, module: String) throws {
        let keys = try Self.literals(/SettingKey\(\s*"([a-z_.]+)"/).filter { $0.literal.hasPrefix(prefix + ".") }
        #expect(keys.count >= 5)
        for key in keys { #expect(Self.owner(of: key.file) == module, "\(key.literal) in \(key.file)") }
    }

    @Test func `a metric is described by every service that makes it`() throws {
        let made = try Self.literals(/\b(?:Counter|Gauge|Meter|Timer|Recorder)\(\s*label: "(\w+)"/)
        let described = try Self.literals(/\.(?:counter|gauge|histogram)\(\s*"(\w+)"/)
        #expect(made.count > 20)
        for metric in made {
            let module = Self.owner(of: metric.file)
            // Both services link what the messaging module makes.
            let owners: Set<String> = module == "Mensageria" ? ["Lancamentos", "Consolidado"] : [module]
            let describers = Set(described.filter { $0.literal == metric.literal }.map { Self.owner(of: $0.file) })
            #expect(describers.isSuperset(of: owners), "\(metric.literal), made in \(metric.file), is described in \(describers)")
        }
        for metric in described {
            #expect(made.contains { $0.literal == metric.literal }, "\(metric.literal), described in \(metric.file), is never made")
        }
    }

    @Test func `scopes and routes are in the folders of the services`() throws {
        for scope in try Self.literals(/Scope\(rawValue: "([a-z:]+)"\)/) {
            let module = scope.literal.hasPrefix("lancamentos:") ? "Lancamentos" : "Consolidado"
            #expect(Self.owner(of: scope.file) == module, "\(scope.literal) in \(scope.file)")
        }
        let routes = try Self.literals(/Route\(\s*\.\w+, "(\/v1\/[^"]*)"/)
        #expect(routes.count >= 5)
        for route in routes {
            #expect(["Lancamentos", "Consolidado"].contains(Self.owner(of: route.file)), "\(route.literal) in \(route.file)")
        }
    }
}
