import Contrato
import JWTKit

/// A JWT in compact form (RFC 7515 §7.1), taken apart and not yet believed.
struct SignedToken {
    private let header: [UInt8]
    private let payload: [UInt8]
    private let signature: [UInt8]
    /// What is signed: header and payload as they came, with the dot between them.
    private let signed: [UInt8]

    init(_ token: String) throws(TokenClaims.Refusal) {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2])
        else { throw TokenClaims.Refusal(reason: "não tem a forma de um JWT") }
        self.header = header
        self.payload = payload
        self.signature = signature
        self.signed = Array(token.utf8[parts[0].startIndex..<parts[1].endIndex])
    }

    /// The payload, once the signature was found good.
    func payload(algorithm: any JWTAlgorithm) throws(TokenClaims.Refusal) -> JSONValue {
        let header = try Self.json(self.header)
        guard case .string(let named)? = header["alg"], named.utf8.elementsEqual(algorithm.name.utf8) else {
            throw TokenClaims.Refusal(reason: "o algoritmo tem de ser \(algorithm.name)")
        }
        // RFC 7515 §4.1.11: extensions that must be understood; none is.
        guard header["crit"] == nil else { throw TokenClaims.Refusal(reason: "crit não é aceito") }
        let isGood: Bool
        do {
            isGood = try algorithm.verify(self.signature, signs: self.signed)
        } catch {
            // The library could not even compare: for the caller that is a signature that does not fit.
            isGood = false
        }
        guard isGood else { throw TokenClaims.Refusal(reason: "a assinatura não confere") }
        return try Self.json(self.payload)
    }

    private static func json(_ bytes: [UInt8]) throws(TokenClaims.Refusal) -> JSONValue {
        do {
            return try JSONReader.read(bytes)
        } catch {
            throw TokenClaims.Refusal(reason: "uma das partes não é JSON")
        }
    }
}

/// base64url without padding (RFC 7515 §2), strict: one text for one value, so that a token has one form.
enum Base64URL {
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var buffer: UInt32 = 0
        var bits = 0
        for character in text {
            guard let value = self.value(character) else { return nil }
            buffer = buffer << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
            }
        }
        // The bits that are left over must be zero.
        guard buffer & ((1 << UInt32(bits)) - 1) == 0 else { return nil }
        return bytes
    }

    private static func value(_ character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
