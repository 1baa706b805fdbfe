import HTTPTypes

extension HTTPFields {
    /// Adds a name to `Vary` (RFC 9110 §12.5.5), unless it is there already.
    mutating func addVary(_ name: String) {
        guard let present = self[.vary] else {
            self[.vary] = name
            return
        }
        let names = present.split(separator: ",").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
        guard !names.contains("*"), !names.contains(name.lowercased()) else { return }
        self[.vary] = "\(present), \(name)"
    }
}
