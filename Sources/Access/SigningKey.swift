import Contrato
import JWTKit
import Settings

/// A key that verifies tokens of one algorithm.
struct SigningKey: Sendable {
    let kid: String?
    private let algorithm: any JWTAlgorithm

    /// As in a token's `alg`.
    var algorithmName: String { self.algorithm.name }

    /// Why a member of a key set is not used; English, for the log, without key material.
    struct Unusable: Error, Equatable {
        let reason: String
    }

    init(secret: Secret) async throws {
        let keys = JWTKeyCollection()
        await keys.add(hmac: HMACKey(from: secret.revealed), digestAlgorithm: .sha256)
        self.kid = nil
        self.algorithm = try await keys.getKey()
    }

    /// A JSON Web Key (RFC 7517): RSA for RS256, or EC on P-256 for ES256.
    ///
    /// A key for another purpose or algorithm is refused: `use`, `key_ops` and `alg` must match if present (RFC 8725 §3.1).
    init(jwk: JSONValue) async throws(Unusable) {
        guard case .object = jwk else { throw Unusable(reason: "not an object") }
        guard case .string(let type)? = jwk["kty"] else { throw Unusable(reason: "no kty") }
        switch jwk["kid"] {
        case nil: self.kid = nil
        case .string(let kid): self.kid = kid
        default: throw Unusable(reason: "kid is no text")
        }
        if let use = jwk["use"], use != .string("sig") { throw Unusable(reason: "use is not sig") }
        if let operations = jwk["key_ops"] {
            guard case .array(let operations) = operations, operations.contains(.string("verify")) else {
                throw Unusable(reason: "key_ops without verify")
            }
        }
        // A private key in a key set is known to every reader of the set.
        guard jwk["d"] == nil else { throw Unusable(reason: "a private key has no place here") }
        let collection = JWTKeyCollection()
        switch type {
        case "RSA":
            try Self.check(jwk, algorithm: "RS256")
            await collection.add(rsa: try Self.rsa(jwk), digestAlgorithm: .sha256)
        case "EC":
            try Self.check(jwk, algorithm: "ES256")
            await collection.add(ecdsa: try Self.p256(jwk))
        default:
            throw Unusable(reason: "kty is neither RSA nor EC")
        }
        do { self.algorithm = try await collection.getKey() } catch { throw Unusable(reason: "not accepted by the JWT library") }
    }

    func verifies(_ signature: [UInt8], of signed: [UInt8]) -> Bool {
        do {
            return try self.algorithm.verify(signature, signs: signed)
        } catch {
            // A signature that the library cannot parse does not match.
            return false
        }
    }

    private static func check(_ jwk: JSONValue, algorithm: String) throws(Unusable) {
        if let alg = jwk["alg"], alg != .string(algorithm) { throw Unusable(reason: "alg is not \(algorithm)") }
    }

    // MARK: - RSA

    /// RFC 7518 §3.3 requires 2048 bits; the upper bound limits the cost of a verification.
    private static let rsaBits = 2048...8192

    private static func rsa(_ jwk: JSONValue) throws(Unusable) -> JWTKit.Insecure.RSA.PublicKey {
        let (modulus, modulusText) = try self.bytes("n", of: jwk)
        let (exponent, exponentText) = try self.bytes("e", of: jwk)
        let bits = modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
        guard self.rsaBits.contains(bits) else {
            throw Unusable(reason: "RSA with less than \(self.rsaBits.lowerBound) or more than \(self.rsaBits.upperBound) bits")
        }
        // With e = 1 anybody can sign; an even exponent is not RSA.
        guard exponent.count <= 4, exponent != [1], exponent.last.map({ $0 & 1 == 1 }) == true else {
            throw Unusable(reason: "RSA exponent out of range")
        }
        do {
            return try JWTKit.Insecure.RSA.PublicKey(modulus: modulusText, exponent: exponentText)
        } catch {
            throw Unusable(reason: "no RSA key")
        }
    }

    // MARK: - EC

    private static func p256(_ jwk: JSONValue) throws(Unusable) -> ES256PublicKey {
        guard jwk["crv"] == .string("P-256") else { throw Unusable(reason: "crv is not P-256") }
        let (_, xText) = try self.bytes("x", of: jwk, exactly: 32)
        let (_, yText) = try self.bytes("y", of: jwk, exactly: 32)
        do {
            // Checks that the point is on the curve.
            return try ES256PublicKey(parameters: (x: xText, y: yText))
        } catch {
            throw Unusable(reason: "not a point on P-256")
        }
    }

    /// A base64url member; without `exactly` a number without leading zero bytes.
    private static func bytes(_ name: String, of jwk: JSONValue, exactly count: Int? = nil) throws(Unusable) -> (
        bytes: [UInt8], text: String
    ) {
        guard case .string(let text)? = jwk[name], let bytes = Base64URL.decode(text.utf8) else {
            throw Unusable(reason: "\(name) is not base64url")
        }
        guard let count else { return (Array(bytes.drop { $0 == 0 }), text) }
        guard bytes.count == count else { throw Unusable(reason: "\(name) has not \(count) bytes") }
        return (bytes, text)
    }
}
