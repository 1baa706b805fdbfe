import Contrato
import Fixtures
import SeededRandom
import Testing

@testable import Access

@Suite struct KeySetTests {
    static func read(_ document: String) async throws -> KeySet { try await KeySet.read(Array(document.utf8), generation: 1) }

    @Test func usableKeysAreFoundByNameAndAlgorithm() async throws {
        let set = try await Self.read(
            TestKey.set(
                TestKey.rsa1.jwk(kid: "a"), TestKey.rsa2.jwk(kid: "a"), TestKey.ec1.jwk(kid: "a"), TestKey.ec2.jwk(kid: nil),
                TestKey.rsa2.jwk(kid: "é")))
        #expect(set.keys.count == 5 && set.unusable.isEmpty)
        #expect(set.candidates(kid: "a", algorithm: "RS256").count == 2)
        #expect(set.candidates(kid: "a", algorithm: "ES256").count == 1)
        #expect(set.candidates(kid: "a", algorithm: "HS256").isEmpty)
        #expect(set.candidates(kid: "b", algorithm: "RS256").isEmpty)
        // Without a kid every key of the algorithm may be meant, those with a name too.
        #expect(set.candidates(kid: nil, algorithm: "ES256").count == 2)
        // Compared by bytes: a decomposed é is another name.
        #expect(set.has(kid: "\u{E9}") && !set.has(kid: "e\u{301}"))
    }

    @Test(arguments: [
        TestKey.rsa1.jwk(kid: "a", #","use":"sig","alg":"RS256","key_ops":["verify"]"#),
        TestKey.ec1.jwk(kid: "a", #","use":"sig","alg":"ES256""#),
        TestKey.rsa1.jwk(kid: "a", #","x5c":["MII"],"x5t":"x","unknown":{"a":[1]}"#),
    ])
    func memberIsUsable(jwk: String) async throws {
        let set = try await Self.read(TestKey.set(jwk))
        #expect(set.keys.count == 1, "\(set.unusable)")
    }

    static let weak = TestToken.encode([0x80] + Array(repeating: 0, count: 126) + [1])
    static let short = TestToken.encode([0x7F] + Array(repeating: 0xFF, count: 255))
    static let huge = TestToken.encode([0x80] + Array(repeating: 0, count: 1024) + [1])
    static let modulus = TestToken.encode([0x80] + Array(repeating: 0xFF, count: 255))

    @Test(arguments: [
        (TestKey.rsa1.jwk(kid: "a", #","use":"enc""#), "use"), (TestKey.rsa1.jwk(kid: "a", #","use":null"#), "use"),
        (TestKey.rsa1.jwk(kid: "a", #","key_ops":["encrypt"]"#), "key_ops"),
        (TestKey.rsa1.jwk(kid: "a", #","key_ops":"verify""#), "key_ops"),
        (TestKey.rsa1.jwk(kid: "a", #","alg":"RS512""#), "alg"), (TestKey.rsa1.jwk(kid: "a", #","alg":"PS256""#), "alg"),
        (TestKey.rsa1.jwk(kid: "a", #","alg":"ES256""#), "alg"), (TestKey.ec1.jwk(kid: "a", #","alg":"RS256""#), "alg"),
        (TestKey.rsa1.jwk(kid: "a", #","d":"AQAB""#), "private"), (TestKey.rsa1.jwk(kid: nil, #","kid":7"#), "kid"),
        (#"{"kty":"RSA","n":"\#(weak)","e":"AQAB"}"#, "bits"), (#"{"kty":"RSA","n":"\#(short)","e":"AQAB"}"#, "bits"),
        (#"{"kty":"RSA","n":"\#(huge)","e":"AQAB"}"#, "bits"), (#"{"kty":"RSA","n":"","e":"AQAB"}"#, "bits"),
        (#"{"kty":"RSA","n":"\#(modulus)","e":"AQ"}"#, "exponent"), (#"{"kty":"RSA","n":"\#(modulus)","e":"Ag"}"#, "exponent"),
        (#"{"kty":"RSA","n":"\#(modulus)","e":"AAAAAQ"}"#, "exponent"), (#"{"kty":"RSA","n":"\#(modulus)","e":"AQAAAAAB"}"#, "exponent"),
        (#"{"kty":"RSA","n":"\#(modulus)","e":""}"#, "exponent"), (#"{"kty":"RSA","n":"\#(modulus)="}"#, "n is not"),
        (#"{"kty":"RSA","n":"\#(modulus)"}"#, "e is not"), (#"{"kty":"RSA","n":5,"e":"AQAB"}"#, "n is not"),
        (#"{"kty":"EC","crv":"P-384","x":"\#(weak)","y":"\#(weak)"}"#, "P-256"),
        (#"{"kty":"EC","crv":"secp256k1","x":"AQ","y":"AQ"}"#, "P-256"),
        (#"{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}"#, "32 bytes"),
        (
            #"{"kty":"EC","crv":"P-256","x":"\#(TestToken.encode(Array(repeating: 1, count: 32)))","y":"\#(TestToken.encode(Array(repeating: 1, count: 32)))"}"#,
            "not a point"
        ),
        (#"{"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY","alg":"HS256"}"#, "kty"),
        (#"{"kty":"OKP","crv":"Ed25519","x":"AQ"}"#, "kty"),
        (#"{"kty":"rsa"}"#, "kty"), ("{}", "kty"), ("5", "object"), ("null", "object"),
    ])
    func memberIsPassedOver(jwk: String, reason: String) async throws {
        let set = try await Self.read(TestKey.set(jwk, TestKey.ec2.jwk(kid: "good")))
        #expect(set.keys.count == 1 && set.has(kid: "good"))
        #expect(set.unusable.count == 1 && set.unusable[0].contains(reason), "\(set.unusable)")
    }

    @Test(arguments: [
        "", "x", "[]", "{}", #"{"keys":{}}"#, #"{"keys":null}"#, #"{"keys":[],"keys":[]}"#, "<html>", "\u{FEFF}{\"keys\":[]}",
        "{\"keys\":[" + Array(repeating: "{}", count: 33).joined(separator: ",") + "]}",
        "{\"keys\":" + String(repeating: "[", count: 100_000),
    ])
    func documentIsRefusedWhole(document: String) async throws {
        await #expect(throws: KeySet.Malformed.self) { try await Self.read(document) }
    }

    @Test func randomChangesNeverCrash() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let original = Array(TestKey.set(TestKey.rsa1.jwk(kid: "a"), TestKey.ec1.jwk(kid: "b")).utf8)
        for _ in 0..<1000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0x20...0x7E, using: &random)
            }
            do {
                let set = try await KeySet.read(bytes, generation: 1)
                #expect(set.keys.count + set.unusable.count == 2, "seed \(seed)")
            } catch {
                // Malformed: as good an end as any, as long as there is one.
                continue
            }
        }
    }
}
