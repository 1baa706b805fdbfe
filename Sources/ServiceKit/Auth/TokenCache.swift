import NIOConcurrencyHelpers

/// Tokens whose signature was found good, so that each is verified once: verification is a large share of a cheap read.
///
/// Only verified tokens get in, so nobody without the secret can fill it. What is kept says nothing about time: `exp` is looked at
/// each use.
final class TokenCache: Sendable {
    private struct Storage {
        /// The newer half; when it is full it becomes the older one, and the older one is forgotten.
        var recent: [String: TokenClaims] = [:]
        var older: [String: TokenClaims] = [:]
    }

    private let storage = NIOLockedValueBox(Storage())
    private let halfMaxTokens: Int
    private let tokenMaxBytes: Int

    /// - Parameters:
    ///   - maxTokens: kept at once.
    ///   - tokenMaxBytes: longer ones are verified each time, so that memory stays within the product of the two.
    init(maxTokens: Int = 2048, tokenMaxBytes: Int = 4096) {
        self.halfMaxTokens = max(1, maxTokens / 2)
        self.tokenMaxBytes = tokenMaxBytes
    }

    func claims(of token: String) -> TokenClaims? {
        self.storage.withLockedValue { storage in
            if let claims = storage.recent[token] { return claims }
            guard let claims = storage.older.removeValue(forKey: token) else { return nil }
            self.insert(token, claims, into: &storage)
            return claims
        }
    }

    func insert(_ token: String, _ claims: TokenClaims) {
        guard token.utf8.count <= self.tokenMaxBytes else { return }
        self.storage.withLockedValue { self.insert(token, claims, into: &$0) }
    }

    var count: Int { self.storage.withLockedValue { $0.recent.count + $0.older.count } }

    private func insert(_ token: String, _ claims: TokenClaims, into storage: inout Storage) {
        if storage.recent.count >= self.halfMaxTokens {
            storage.older = storage.recent
            storage.recent = [:]
        }
        storage.recent[token] = claims
    }
}
