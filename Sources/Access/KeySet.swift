import Contrato
import FluxoDeCaixa

/// The keys of one JSON Web Key Set (RFC 7517 §5) that can verify tokens.
struct KeySet: Sendable {
    let keys: [SigningKey]
    /// Why members of the document are not used: one line each, for the log.
    var unusable: [String] = []
    /// Distinguishes tokens verified with these keys from those verified with others.
    let generation: Int

    /// Why a document is no key set; English, for the log.
    struct Malformed: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    /// Members of one document; a token without `kid` may cost one verification for each.
    static let maxKeys = 32

    /// Reads a document. Unusable members are ignored, as RFC 7517 §5 requires; a malformed document is refused as a whole.
    static func read(_ bytes: [UInt8], generation: Int) async throws(Malformed) -> KeySet {
        let document: JSONValue
        do { document = try JSONReader.read(bytes) } catch { throw Malformed(description: "not JSON") }
        guard case .array(let members)? = document["keys"] else { throw Malformed(description: "no array keys") }
        guard members.count <= self.maxKeys else { throw Malformed(description: "more than \(self.maxKeys) keys") }
        var keys: [SigningKey] = []
        var unusable: [String] = []
        for (index, member) in members.enumerated() {
            do throws(SigningKey.Unusable) {
                keys.append(try await SigningKey(jwk: member))
            } catch {
                unusable.append("key \(index): \(error.reason)")
            }
        }
        return KeySet(keys: keys, unusable: unusable, generation: generation)
    }

    /// Whether any key has this name, compared by bytes.
    func has(kid: String) -> Bool {
        self.keys.contains { $0.kid.map { $0.hasSameBytes(as: kid) } == true }
    }

    /// The keys that may have signed a token with this header: of its algorithm, and of its `kid` if it names one. A key without a
    /// `kid` is tried only for tokens without one.
    func candidates(kid: String?, algorithm: String) -> [SigningKey] {
        self.keys.filter { key in
            key.algorithmName == algorithm && (kid == nil || key.kid.hasSameBytes(as: kid))
        }
    }
}
