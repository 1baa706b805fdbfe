import Configuration
import Foundation

/// The merged and checked text of every key of one service: defaults, under the YAML file, under the environment.
struct ConfigurationValues: Sendable {
    let service: ServiceName
    private let texts: [String: String]
    private let keys: [String: ConfigurationKey]

    /// Largest YAML or secret file that is read, in bytes.
    private static let fileMaxBytes = 1_048_576

    /// - Parameters:
    ///   - file: a YAML file that must exist; `nil`: `config/<service>.yaml` of the working folder, if there is one.
    ///   - environment: all variables; those without the prefix `FLUXO_` are not ours.
    init(service: ServiceName, file: String?, environment: [String: String]) async throws(ConfigurationError) {
        let keys = ConfigurationTable.keys(of: service)
        let variables = try Self.variables(environment, own: keys)
        let path = try Self.path(service: service, file: file)
        let reader = try await Self.reader(keys: keys, path: path, variables: variables)
        var texts: [String: String] = [:]
        for key in keys {
            let text: String?
            do {
                text = try await reader.fetchString(forKey: ConfigKey(key.name), isSecret: key.isSecret)
            } catch {
                // The file was walked before: only a value that is no scalar could come here, and that was refused.
                throw .contradiction(key, "não pôde ser lido")
            }
            // An empty value means "not set": YAML forms leave names without a value behind.
            guard let text = text.flatMap({ $0.isEmpty ? key.defaultValue : $0 }) else { continue }
            guard key.accepts(text) else {
                throw .invalid(key, value: text, from: variables[key.environmentName] == nil ? key.name : key.environmentName)
            }
            texts[key.name] = text
        }
        self.service = service
        self.texts = texts
        self.keys = Dictionary(uniqueKeysWithValues: keys.map { ($0.name, $0) })
    }

    /// The text of a key, `nil` when it is not set and has no default.
    func text(_ name: String) -> String? {
        self.texts[name]
    }

    /// The text of a key that the operator must have set or that has a default.
    func required(_ name: String) throws(ConfigurationError) -> String {
        guard let text = self.texts[name] else { throw .missing(self.key(name)) }
        return text
    }

    func integer(_ name: String) throws(ConfigurationError) -> Int {
        let text = try self.required(name)
        guard let value = ConfigurationKey.integer(text) else { throw .invalid(self.key(name), value: text, from: name) }
        return value
    }

    /// The path of a file that is needed at start.
    func readableFile(_ name: String, _ path: String) throws(ConfigurationError) -> String {
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw .invalid(self.key(name), value: path, from: name, accepted: "um arquivo PEM que pode ser lido")
        }
        return path
    }

    func key(_ name: String) -> ConfigurationKey {
        guard let key = self.keys[name] else {
            preconditionFailure("\(name) is not in the key table")
        }
        return key
    }

    // MARK: - Sources

    private static func reader(
        keys: [ConfigurationKey], path: String?, variables: [String: String]
    ) async throws(ConfigurationError) -> ConfigReader {
        var providers: [any ConfigProvider] = [
            EnvironmentVariablesProvider(environmentVariables: variables, secretsSpecifier: .all).prefixKeys(with: "fluxo")
        ]
        if let path, try Self.walk(path) {
            do {
                let location = InMemoryProvider(values: ["filePath": ConfigValue(.string(path), isSecret: false)])
                providers.append(
                    try await FileProvider<YAMLSnapshot>(
                        parsingOptions: .init(secretsSpecifier: .all), config: ConfigReader(provider: location)))
            } catch {
                throw .file(path, "não pôde ser lido")
            }
        }
        var defaults: [AbsoluteConfigKey: ConfigValue] = [:]
        for key in keys {
            guard let value = key.defaultValue else { continue }
            defaults[AbsoluteConfigKey(ConfigKey(key.name))] = ConfigValue(.string(value), isSecret: false)
        }
        providers.append(InMemoryProvider(name: "defaults", values: defaults))
        return ConfigReader(providers: providers)
    }

    /// Looks for names that neither service knows. Answers whether the file holds any value at all.
    private static func walk(_ path: String) throws(ConfigurationError) -> Bool {
        let tree = try ConfigurationTree(yaml: self.contents(of: path), path: path)
        let known = Set(ConfigurationTable.all.map(\.name))
        var seen: Set<String> = []
        for leaf in tree.leaves {
            guard known.contains(leaf.name) else {
                throw .unknown(leaf.name, from: path, accepted: ConfigurationTable.neighbours(of: leaf.name))
            }
            guard seen.insert(leaf.name).inserted else { throw .file(path, "\(leaf.name) aparece duas vezes") }
        }
        return !tree.leaves.isEmpty
    }

    private static func path(service: ServiceName, file: String?) throws(ConfigurationError) -> String? {
        if let file {
            guard FileManager.default.fileExists(atPath: file) else { throw .file(file, "não existe") }
            return file
        }
        let standard = "config/\(service.rawValue).yaml"
        return FileManager.default.fileExists(atPath: standard) ? standard : nil
    }

    /// Our variables, with `…_FILE` of secrets replaced by what the file holds.
    private static func variables(
        _ environment: [String: String], own: [ConfigurationKey]
    ) throws(ConfigurationError) -> [String: String] {
        let known = Dictionary(uniqueKeysWithValues: ConfigurationTable.all.map { ($0.environmentName, $0) })
        let ownNames = Set(own.map(\.name))
        var variables: [String: String] = [:]
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix(ConfigurationKey.environmentPrefix) {
            if known[name] != nil {
                // Compose files pass on what is not set as an empty text.
                if !value.isEmpty { variables[name] = value }
                continue
            }
            let plain = name.hasSuffix("_FILE") ? String(name.dropLast("_FILE".count)) : name
            guard let key = known[plain], key.isSecret else {
                throw .unknown(name, from: "ambiente", accepted: ConfigurationTable.variableNeighbours(of: name))
            }
            // The other service's secret may be mounted for it alone, so its file is not opened.
            guard !value.isEmpty, ownNames.contains(key.name) else { continue }
            guard environment[plain, default: ""].isEmpty else {
                throw .contradiction(key, "\(plain) e \(name) foram dados ao mesmo tempo; aceita-se um dos dois")
            }
            variables[plain] = Self.withoutTrailingNewline(try Self.contents(of: value))
        }
        return variables
    }

    private static func contents(of path: String) throws(ConfigurationError) -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else { throw .file(path, "não existe ou não pode ser lido") }
        let data: Data
        do {
            data = try handle.read(upToCount: self.fileMaxBytes + 1) ?? Data()
            try handle.close()
        } catch {
            throw .file(path, "não pôde ser lido")
        }
        guard data.count <= self.fileMaxBytes else { throw .file(path, "tem mais de \(self.fileMaxBytes) bytes") }
        guard let text = String(validating: data, as: UTF8.self) else { throw .file(path, "não é UTF-8") }
        return text
    }

    private static func withoutTrailingNewline(_ text: String) -> String {
        if text.hasSuffix("\r\n") || text.hasSuffix("\n") { String(text.dropLast()) } else { text }
    }
}

extension ConfigurationTable {
    /// What the operator may have meant: the known names of the same group, or the groups.
    static func neighbours(of name: String) -> [String] {
        let group = name.split(separator: ".").dropLast().joined(separator: ".")
        let siblings = self.all.map(\.name).filter { !group.isEmpty && $0.hasPrefix(group + ".") }
        if !siblings.isEmpty { return siblings }
        var groups: [String] = []
        for key in self.all {
            let first = String(key.name.prefix { $0 != "." })
            let shown = first == key.name ? first : first + ".…"
            if !groups.contains(shown) { groups.append(shown) }
        }
        return groups
    }

    static func variableNeighbours(of name: String) -> [String] {
        let group = name.split(separator: "_").prefix(2).joined(separator: "_") + "_"
        let siblings = self.all.map(\.environmentName).filter { $0.hasPrefix(group) }
        // A name of no group: the dotted groups, under the prefix that makes them variables.
        return siblings.isEmpty
            ? self.neighbours(of: "").map { ConfigurationKey.environmentPrefix + $0.uppercased().replacing(".", with: "_") } : siblings
    }
}
