import NIOConcurrencyHelpers

/// Tokens with verified signatures, so that each is verified once: verification is a large share of a cheap read.
///
/// Only verified tokens are stored, so callers without a key cannot fill it. `exp` is checked at each use. An entry is valid only with the
/// keys that verified it: after a change of keys every token is verified again.
final class TokenCache: Sendable {
    private struct Entry {
        let claims: TokenClaims
        let generation: Int
    }

    private struct Storage {
        /// The newer half; when it is full it becomes the older one, and the older one is dropped.
        var recent: [String: Entry] = [:]
        var older: [String: Entry] = [:]
    }

    private let storage = NIOLockedValueBox(Storage())
    private let halfMaxTokens: Int
    private let tokenMaxBytes: Int

    /// - Parameter tokenMaxBytes: longer tokens are verified each time, which bounds the memory by the product of both.
    init(maxTokens: Int = 2048, tokenMaxBytes: Int = 4096) {
        self.halfMaxTokens = max(1, maxTokens / 2)
        self.tokenMaxBytes = tokenMaxBytes
    }

    /// - Parameter generation: of the current keys.
    func claims(of token: String, generation: Int) -> TokenClaims? {
        self.storage.withLockedValue { storage in
            if let entry = storage.recent[token] { return entry.generation == generation ? entry.claims : nil }
            guard let entry = storage.older.removeValue(forKey: token), entry.generation == generation else { return nil }
            self.insert(token, entry, into: &storage)
            return entry.claims
        }
    }

    /// - Parameter generation: of the keys that verified the token.
    func insert(_ token: String, _ claims: TokenClaims, generation: Int) {
        guard token.utf8.count <= self.tokenMaxBytes else { return }
        self.storage.withLockedValue { self.insert(token, Entry(claims: claims, generation: generation), into: &$0) }
    }

    var count: Int { self.storage.withLockedValue { $0.recent.count + $0.older.count } }

    private func insert(_ token: String, _ entry: Entry, into storage: inout Storage) {
        storage.older[token] = nil
        if storage.recent.count >= self.halfMaxTokens {
            storage.older = storage.recent
            storage.recent = [:]
        }
        storage.recent[token] = entry
    }
}
