import FluxoDeCaixa

/// Parts of a lote that are written one after the other.
///
/// The entries of one part may end up in different transactions at the same time, so two with one key must not be among them: the later
/// would have a chance to win. It goes into the next part.
enum LoteGroups {
    /// Entries in one part.
    static let entriesMax = 256

    private struct Key: Hashable {
        let conta: Conta
        let chave: Chave
    }

    static func split(_ entries: [NovoLancamento]) -> [ArraySlice<NovoLancamento>] {
        var groups: [ArraySlice<NovoLancamento>] = []
        var start = 0
        var keys: Set<Key> = []
        for (position, entry) in entries.enumerated() {
            let key = entry.chave.map { Key(conta: entry.conta, chave: $0) }
            if position - start == Self.entriesMax || key.map(keys.contains) == true {
                groups.append(entries[start..<position])
                start = position
                keys.removeAll()
            }
            if let key { keys.insert(key) }
        }
        if start < entries.count { groups.append(entries[start...]) }
        return groups
    }
}
