import Crypto
import Foundation

/// Makes bearer tokens as an identity provider would.
package enum Token {
    /// A token signed with HS256 that is good for an hour.
    package static func make(
        secret: String,
        sub: String = "teste",
        contas: [String],
        scope: String = everyScope
    ) -> String {
        let signed = self.unsigned(header: #"{"alg":"HS256","typ":"JWT"}"#, sub: sub, contas: contas, scope: scope)
        let signature = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: SymmetricKey(data: Data(secret.utf8)))
        return signed + "." + self.base64url(Data(signature))
    }

    /// All that a token can allow.
    package static let everyScope = "lancamentos:escrever lancamentos:ler consolidado:ler"

    /// Header and payload, good for an hour once signed.
    static func unsigned(header: String, sub: String, contas: [String], scope: String) -> String {
        let contas = contas.map { "\"\($0)\"" }.joined(separator: ",")
        let expiry = Int(Date().timeIntervalSince1970) + 3600
        let payload = "{\"sub\":\"\(sub)\",\"exp\":\(expiry),\"contas\":[\(contas)],\"scope\":\"\(scope)\"}"
        return self.base64url(Data(header.utf8)) + "." + self.base64url(Data(payload.utf8))
    }

    static func base64url(_ data: Data) -> String {
        data.base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }
}
