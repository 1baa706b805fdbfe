import Crypto
import Foundation

/// Makes tokens, good and bad ones, independently of the code under test.
package enum TestToken {
    package static let secret = "0123456789abcdef0123456789abcdef"

    package static func make(
        _ payload: String, header: String = #"{"alg":"HS256","typ":"JWT"}"#, secret: String = secret, sign: Bool = true
    ) -> String {
        let signed = encode(Array(header.utf8)) + "." + encode(Array(payload.utf8))
        guard sign else { return signed + "." }
        let code = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: SymmetricKey(data: Data(secret.utf8)))
        return signed + "." + encode(Array(code))
    }

    package static func encode(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    /// Good for a hundred years.
    package static func good(sub: String = "ana", contas: String = #"["*"]"#, scope: String = "lancamentos:escrever lancamentos:ler")
        -> String
    {
        make(#"{"sub":"\#(sub)","exp":4920000000,"contas":\#(contas),"scope":"\#(scope)"}"#)
    }
}
