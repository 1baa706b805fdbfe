import Crypto
import Foundation

/// A key pair of an identity provider: its public half for a key set, its private half for tokens signed with ES256.
package struct SigningKeyPair: Sendable {
    private let key = P256.Signing.PrivateKey()
    private let kid: String

    package init(kid: String) {
        self.kid = kid
    }

    /// The document that an identity provider publishes (RFC 7517).
    package static func keySet(_ pairs: SigningKeyPair...) -> String {
        "{\"keys\":[\(pairs.map(\.jwk).joined(separator: ","))]}"
    }

    private var jwk: String {
        let point = self.key.publicKey.rawRepresentation
        let (x, y) = (Token.base64url(point.prefix(32)), Token.base64url(point.suffix(32)))
        return #"{"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","kid":"\#(self.kid)","x":"\#(x)","y":"\#(y)"}"#
    }

    /// A token for every account and scope, good for an hour.
    package func token() throws -> String {
        let signed = Token.unsigned(header: #"{"alg":"ES256","kid":"\#(self.kid)"}"#, sub: "teste", contas: ["*"], scope: Token.everyScope)
        return signed + "." + Token.base64url(try self.key.signature(for: SHA256.hash(data: Data(signed.utf8))).rawRepresentation)
    }
}
