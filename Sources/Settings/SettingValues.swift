import Foundation

/// The checked text of every key of one service: built-in defaults, overridden by the YAML file, overridden by the environment.
package struct SettingValues: Sendable {
    /// The service's name: the prefix of its own keys.
    package let service: String
    private let texts: [String: String]
    private let keys: [String: SettingKey]

    /// Largest YAML or secret file that is read, in bytes.
    private static let fileMaxBytes = 1_048_576

    /// Reads and checks every key.
    ///
    /// - Parameters:
    ///   - file: a YAML file that must exist; `nil`: `config/<service>.yaml` of the working folder, if there is one.
    ///   - environment: all variables of the process. Names without the prefix `FLUXO_` are ignored; a secret may also be in the file
    ///     that `FLUXO_…_FILE` names.
    /// - Throws: the first fault found, as one line.
    package init(_ catalog: SettingsCatalog, file: String?, environment: [String: String]) throws(SettingsError) {
        let variables = try Self.variables(environment, catalog)
        let written = try Self.path(service: catalog.service, file: file).map { path throws(SettingsError) in
            try Self.read(path, catalog)
        }
        var texts: [String: String] = [:]
        for key in catalog.keys {
            let variable = variables[key.environmentName]
            // YAML forms contain names without a value: an empty value means "not set".
            let text = variable ?? written?[key.name].flatMap { $0.isEmpty ? nil : $0 } ?? key.defaultValue
            guard let text else { continue }
            guard key.accepts(text) else {
                throw .invalid(key, value: text, from: variable == nil ? key.name : key.environmentName)
            }
            texts[key.name] = text
        }
        self.service = catalog.service
        self.texts = texts
        self.keys = Dictionary(uniqueKeysWithValues: catalog.keys.map { ($0.name, $0) })
    }

    /// The text of a key; `nil` if it is not set and has no default.
    package func text(_ name: String) -> String? {
        self.texts[self.key(name).name]
    }

    /// The text of a key that has a default or that the operator must set.
    package func required(_ name: String) throws(SettingsError) -> String {
        guard let text = self.text(name) else { throw .missing(self.key(name)) }
        return text
    }

    package func integer(_ name: String) throws(SettingsError) -> Int {
        let text = try self.required(name)
        guard let value = SettingKey.integer(text) else { throw .invalid(self.key(name), value: text, from: name) }
        return value
    }

    package func boolean(_ name: String) throws(SettingsError) -> Bool {
        try self.required(name) == "true"
    }

    /// The path of a file that is needed at start.
    package func readableFile(_ name: String, _ path: String) throws(SettingsError) -> String {
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw .invalid(self.key(name), value: path, from: name, accepted: "um arquivo PEM que pode ser lido")
        }
        return path
    }

    package func key(_ name: String) -> SettingKey {
        guard let key = self.keys[name] else {
            preconditionFailure("\(name) is not in the catalog")
        }
        return key
    }

    // MARK: - Sources

    private static func path(service: String, file: String?) throws(SettingsError) -> String? {
        if let file {
            guard FileManager.default.fileExists(atPath: file) else { throw .file(file, "não existe") }
            return file
        }
        let standard = "config/\(service).yaml"
        return FileManager.default.fileExists(atPath: standard) ? standard : nil
    }

    /// The values of the file by name. A name that no service reads is an error.
    private static func read(_ path: String, _ catalog: SettingsCatalog) throws(SettingsError) -> [String: String] {
        let file = try SettingsFile(yaml: self.contents(of: path), path: path)
        let known = Set(catalog.names)
        var values: [String: String] = [:]
        for leaf in file.leaves {
            guard known.contains(leaf.name) else {
                throw .unknown(leaf.name, from: path, accepted: catalog.suggestions(for: leaf.name))
            }
            guard values.updateValue(leaf.value, forKey: leaf.name) == nil else { throw .file(path, "\(leaf.name) aparece duas vezes") }
        }
        return values
    }

    /// The variables with the prefix that are set, with `…_FILE` of secrets replaced by the contents of the file.
    private static func variables(
        _ environment: [String: String], _ catalog: SettingsCatalog
    ) throws(SettingsError) -> [String: String] {
        let known = Dictionary(uniqueKeysWithValues: catalog.names.map { (SettingKey.environmentName(of: $0), $0) })
        let own = Dictionary(uniqueKeysWithValues: catalog.keys.map { ($0.name, $0) })
        var variables: [String: String] = [:]
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix(SettingKey.environmentPrefix) {
            if known[name] != nil {
                // Compose files pass variables that are not set as an empty text.
                if !value.isEmpty { variables[name] = value }
                continue
            }
            let plain = name.hasSuffix("_FILE") ? String(name.dropLast("_FILE".count)) : name
            guard let secret = known[plain], catalog.isSecret(secret) else {
                throw .unknown(name, from: "ambiente", accepted: catalog.suggestions(forVariable: name))
            }
            // A file for another service may be readable for that one only, so it is not opened.
            guard !value.isEmpty, let key = own[secret] else { continue }
            guard environment[plain, default: ""].isEmpty else {
                throw .contradiction(key, "\(plain) e \(name) foram dados ao mesmo tempo; aceita-se um dos dois")
            }
            let text = Self.withoutTrailingNewline(try Self.contents(of: value))
            if !text.isEmpty { variables[plain] = text }
        }
        return variables
    }

    private static func contents(of path: String) throws(SettingsError) -> String {
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
