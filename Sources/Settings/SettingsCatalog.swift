/// The keys of one service, and the names of another that may share its environment and its file.
package struct SettingsCatalog: Sendable {
    /// The service's name: the prefix of the keys that are its own (`lancamentos.porta`).
    package let service: String
    /// Every key that the service reads, in the order of its YAML file.
    package let keys: [SettingKey]
    /// Names that only another service reads. They are accepted, and their values are not looked at.
    let foreignNames: [String]

    /// - Parameter otherFile: the YAML file of the other service, which lists every key that it reads.
    /// - Throws: ``SettingsError`` if that file is malformed, which a test excludes.
    package init(service: String, keys: [SettingKey], otherFile: String) throws(SettingsError) {
        let own = Set(keys.map(\.name))
        self.service = service
        self.keys = keys
        self.foreignNames = try SettingsFile(yaml: otherFile, path: "config").leaves.map(\.name).filter { !own.contains($0) }
    }

    /// The names that may appear, this service's first.
    var names: [String] { self.keys.map(\.name) + self.foreignNames }

    /// The part of a name below its first segment, for names below a service's own: `banco.url` of `consolidado.banco.url`.
    private static func tail(_ name: String) -> Substring {
        name.drop { $0 != "." }.dropFirst()
    }

    /// Whether `FLUXO_…_FILE` may replace the variable of this name.
    ///
    /// A foreign name counts as a secret only if this service has the same key below its own name. A secret of one service alone is not
    /// supported.
    func isSecret(_ name: String) -> Bool {
        let counterpart = self.foreignNames.contains(name) ? "\(self.service).\(Self.tail(name))" : name
        return self.keys.contains { $0.name == counterpart && $0.isSecret }
    }

    /// Names to suggest in place of an unknown one: the known names of its group, else the groups.
    func suggestions(for name: String) -> [String] {
        let group = name.split(separator: ".").dropLast().joined(separator: ".")
        let siblings = self.names.filter { !group.isEmpty && $0.hasPrefix(group + ".") }
        if !siblings.isEmpty { return siblings }
        var groups: [String] = []
        for name in self.names {
            let first = String(name.prefix { $0 != "." })
            let shown = first == name ? first : first + ".…"
            if !groups.contains(shown) { groups.append(shown) }
        }
        return groups
    }

    /// The same for an environment variable.
    func suggestions(forVariable name: String) -> [String] {
        let group = name.split(separator: "_").prefix(2).joined(separator: "_") + "_"
        let siblings = self.names.map(SettingKey.environmentName(of:)).filter { $0.hasPrefix(group) }
        return siblings.isEmpty ? self.suggestions(for: "").map(SettingKey.environmentName(of:)) : siblings
    }
}
