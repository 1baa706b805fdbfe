package import Crypto
package import CryptoExtras
import Foundation

/// Key pairs that sign test tokens, made for each run, independently of the code under test.
package enum TestKey: Sendable {
    case rsa(_RSA.Signing.PrivateKey)
    case p256(P256.Signing.PrivateKey)

    /// Making one takes a while, so that all tests share two.
    package static let rsa1 = Self.newRSA()
    package static let rsa2 = Self.newRSA()
    package static let ec1 = Self.p256(P256.Signing.PrivateKey())
    package static let ec2 = Self.p256(P256.Signing.PrivateKey())

    /// By the command line tool: under the thread sanitizer the library's own generator takes many seconds.
    private static func newRSA() -> Self {
        do {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/openssl")
            process.arguments = ["genrsa", "2048"]
            let output = Pipe()
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            let pem = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            return .rsa(try _RSA.Signing.PrivateKey(pemRepresentation: pem))
        } catch {
            fatalError("no RSA key: \(error)")
        }
    }

    package var algorithm: String {
        switch self {
        case .rsa: "RS256"
        case .p256: "ES256"
        }
    }

    /// The members `kty` and those of the public key, without braces.
    package var publicMembers: String {
        switch self {
        case .rsa(let key):
            guard let numbers = try? key.publicKey.getKeyPrimitives() else { fatalError("no primitives") }
            return """
                "kty":"RSA","n":"\(TestToken.encode(Array(numbers.modulus)))","e":"\(TestToken.encode(Array(numbers.publicExponent)))"
                """
        case .p256(let key):
            let point = Array(key.publicKey.rawRepresentation)
            return """
                "kty":"EC","crv":"P-256","x":"\(TestToken.encode(Array(point[..<32])))","y":"\(TestToken.encode(Array(point[32...])))"
                """
        }
    }

    package func jwk(kid: String?, _ more: String = "") -> String {
        "{\(self.publicMembers)\(kid.map { ",\"kid\":\"\($0)\"" } ?? "")\(more)}"
    }

    package static func set(_ keys: String...) -> String { "{\"keys\":[\(keys.joined(separator: ","))]}" }

    /// The public key as other systems store it, for the attack that uses its text as a shared secret.
    package var pem: String {
        switch self {
        case .rsa(let key): key.publicKey.pemRepresentation
        case .p256(let key): key.publicKey.pemRepresentation
        }
    }

    package func sign(_ signed: String) throws -> [UInt8] {
        let digest = SHA256.hash(data: Data(signed.utf8))
        switch self {
        case .rsa(let key): return Array(try key.signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation)
        case .p256(let key): return Array(try key.signature(for: digest).rawRepresentation)
        }
    }

    /// A token of this key, good for a hundred years unless the payload says otherwise.
    package func token(
        kid: String?, alg: String? = nil, header more: String = "", payload: String = #"{"sub":"ana","exp":4920000000,"contas":["*"]}"#
    ) throws -> String {
        let header = #"{"alg":"\#(alg ?? self.algorithm)"\#(kid.map { ",\"kid\":\"\($0)\"" } ?? "")\#(more)}"#
        let signed = TestToken.encode(Array(header.utf8)) + "." + TestToken.encode(Array(payload.utf8))
        return signed + "." + TestToken.encode(try self.sign(signed))
    }
}
