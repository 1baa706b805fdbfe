import Contrato
import Fixtures
import FluxoDeCaixa
import Foundation
import Testing

@testable import Access
@testable import Settings

/// Tokens of RS256 and ES256, against a key set in a file.
@Suite(.timeLimit(.minutes(5))) struct KeySetAuthenticatorTests {
    static let now: Int64 = 1_795_503_692

    /// An authenticator whose keys are in a file that `body` may change.
    static func with(
        _ document: String, cache: TokenCache = TokenCache(), _ body: (Authenticator, _ path: String) async throws -> Void
    ) async throws {
        try await TemporaryFile.with(document) { path in
            let authenticator = try await Authenticator(
                AuthSettings(mode: .keySetFile(path)), logger: TestLogger.silent, agora: { Instante(milissegundos: now * 1000) },
                cache: cache)
            try await body(authenticator, path)
        }
    }

    static func accepts(_ authenticator: Authenticator, _ token: String) async -> Bool {
        await AuthenticatorTests.refusal(authenticator, "Bearer \(token)") == nil
    }

    @Test(arguments: [TestKey.rsa1, TestKey.ec1], ["1", nil])
    func goodTokenTellsWhoCalls(key: TestKey, kid: String?) async throws {
        try await Self.with(TestKey.set(key.jwk(kid: "1"), TestKey.rsa2.jwk(kid: "2"), TestKey.ec2.jwk(kid: "2"))) { authenticator, _ in
            let identity = try await authenticator.identity(authorization: "Bearer \(try key.token(kid: kid))")
            #expect(identity.sub == "ana" && identity.contas == [.todas])
        }
    }

    @Test func keysOfOneNameAreTriedAll() async throws {
        try await Self.with(TestKey.set(TestKey.rsa1.jwk(kid: "1"), TestKey.rsa2.jwk(kid: "1"))) { authenticator, _ in
            let tokens = try [TestKey.rsa1, .rsa2, .ec1].map { try $0.token(kid: "1") }
            #expect(await Self.accepts(authenticator, tokens[0]))
            #expect(await Self.accepts(authenticator, tokens[1]))
            #expect(await !Self.accepts(authenticator, tokens[2]))
        }
    }

    @Test func keyWithoutNameIsForTokensWithoutOne() async throws {
        try await Self.with(TestKey.set(TestKey.ec1.jwk(kid: nil))) { authenticator, _ in
            let (nameless, named) = (try TestKey.ec1.token(kid: nil), try TestKey.ec1.token(kid: "1"))
            #expect(await Self.accepts(authenticator, nameless))
            #expect(await !Self.accepts(authenticator, named))
        }
    }

    @Test(arguments: [
        "../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "http://127.0.0.1:1/jwks", "1' or '1'='1", "", "1\\u0000", "2",
    ])
    func kidIsOnlyCompared(kid: String) async throws {
        try await Self.with(TestKey.set(TestKey.ec1.jwk(kid: "1"))) { authenticator, _ in
            let problem = await AuthenticatorTests.refusal(authenticator, "Bearer \(try TestKey.ec1.token(kid: kid))")
            #expect(problem?.nome == .naoAutenticado)
        }
    }

    @Test func algorithmsAreNotConfused() async throws {
        let set = TestKey.set(TestKey.rsa1.jwk(kid: "1"), TestKey.ec1.jwk(kid: "1"))
        let payload = #"{"sub":"ana","exp":4920000000}"#
        let hs256 = #"{"alg":"HS256","kid":"1"}"#
        let none = TestToken.make(payload, header: #"{"alg":"none","kid":"1"}"#, sign: false)
        var attacks = [none]
        // The public key's text as a shared secret, in every form in which it is at hand.
        for key in [TestKey.rsa1, TestKey.ec1] {
            for secret in [key.pem, key.pem + "\n", key.jwk(kid: "1"), set] {
                attacks.append(TestToken.make(payload, header: hs256, secret: secret))
            }
        }
        for alg in ["none", "None", "HS256", "HS512", "RS384", "RS512", "PS256", "ES384", "EdDSA", "es256", "ES256 ", ""] {
            attacks += [try TestKey.rsa1.token(kid: "1", alg: alg), try TestKey.ec1.token(kid: "1", alg: alg)]
        }
        // Signed with the one algorithm, named as the other.
        attacks += [try TestKey.rsa1.token(kid: "1", alg: "ES256"), try TestKey.ec1.token(kid: "1", alg: "RS256")]
        // Signed by nobody's key, which the token brings along or points at.
        for more in [
            #","jku":"http://127.0.0.1:1/jwks""#, #","x5u":"http://127.0.0.1:1/cert""#, ",\"jwk\":\(TestKey.ec2.jwk(kid: "1"))",
            #","x5c":["MII"]"#, #","crit":["b64"],"b64":false"#,
        ] { attacks.append(try TestKey.ec2.token(kid: "1", header: more)) }
        // A good signature under a header that is not ours to read.
        for more in [#","crit":["exp"]"#, #","kid":"1""#, #","alg":"ES256""#] {
            attacks.append(try TestKey.ec1.token(kid: "1", header: more))
        }
        let good = try TestKey.ec1.token(kid: "1")
        let parts = good.split(separator: ".")
        attacks += [
            String(good.dropLast(2)), "\(parts[0]).\(parts[1]).",
            "\(parts[0]).\(parts[1]).\(TestToken.encode(Array(repeating: 0, count: 64)))",
            try TestKey.ec1.token(kid: "1", header: #","kid":5"#),
        ]
        try await Self.with(set) { [attacks] authenticator, _ in
            for (index, token) in attacks.enumerated() {
                let problem = await AuthenticatorTests.refusal(authenticator, "Bearer \(token)")
                #expect(problem?.nome == .naoAutenticado, "attack \(index): \(token)")
            }
            // A header that names another key is passed over, not obeyed: our own key made this signature.
            let pointing = try TestKey.ec1.token(kid: "1", header: #","jku":"http://127.0.0.1:1/jwks""#)
            #expect(await Self.accepts(authenticator, pointing))
            #expect(await Self.accepts(authenticator, good))
        }
    }

    @Test func removedKeyEndsItsTokensEvenCachedOnes() async throws {
        let cache = TokenCache()
        try await Self.with(TestKey.set(TestKey.ec1.jwk(kid: "1"), TestKey.ec2.jwk(kid: "2")), cache: cache) { authenticator, path in
            let (first, second) = (try TestKey.ec1.token(kid: "1"), try TestKey.ec2.token(kid: "2"))
            #expect(await Self.accepts(authenticator, first))
            #expect(await Self.accepts(authenticator, second))
            #expect(cache.count == 2)
            let running = Task { try await authenticator.run() }
            try Data(TestKey.set(TestKey.ec2.jwk(kid: "2")).utf8).write(to: URL(filePath: path))
            #expect(await eventually { await !Self.accepts(authenticator, first) })
            #expect(await Self.accepts(authenticator, second))
            // Broken from now on: the last good keys stay.
            try Data("broken".utf8).write(to: URL(filePath: path))
            // Longer than two reads are apart: nothing may change.
            try await Task.sleep(for: .milliseconds(2500))
            #expect(await Self.accepts(authenticator, second))
            #expect(await !Self.accepts(authenticator, first))
            running.cancel()
            try await running.value
        }
    }

    @Test func cacheCountsOnlyWithTheKeysOfTheVerification() throws {
        let cache = TokenCache()
        let claims = try TokenClaims(
            try JSONReader.read(Array(#"{"sub":"ana","exp":1}"#.utf8)), settings: AuthSettings(mode: .none))
        cache.insert("a.b.c", claims, generation: 1)
        #expect(cache.claims(of: "a.b.c", generation: 1) == claims)
        #expect(cache.claims(of: "a.b.c", generation: 2) == nil)
        // An answer that was computed with older keys does not come back with newer ones.
        cache.insert("a.b.c", claims, generation: 2)
        cache.insert("a.b.c", claims, generation: 1)
        #expect(cache.claims(of: "a.b.c", generation: 2) == nil)
    }

    @Test func cachedTokenStillExpires() async throws {
        let cache = TokenCache()
        try await Self.with(TestKey.set(TestKey.ec1.jwk(kid: "1")), cache: cache) { authenticator, path in
            let token = try TestKey.ec1.token(kid: "1", payload: #"{"sub":"ana","exp":\#(Self.now + 1)}"#)
            #expect(await Self.accepts(authenticator, token))
            #expect(cache.count == 1)
            let later = try await Authenticator(
                AuthSettings(mode: .keySetFile(path)), logger: TestLogger.silent,
                agora: { Instante(milissegundos: (Self.now + 61) * 1000) }, cache: cache)
            #expect(await !Self.accepts(later, token))
        }
    }

    @Test(arguments: ["", "broken", #"{"keys":[]}"#, #"{"keys":[{"kty":"oct"}]}"#])
    func fileWithoutKeysStopsTheStart(document: String) async throws {
        try await TemporaryFile.with(document) { path in
            let error = await #expect(throws: SettingsError.self) {
                try await Authenticator(
                    AuthSettings(mode: .keySetFile(path)), logger: TestLogger.silent, agora: { Instante(milissegundos: 0) })
            }
            #expect(error?.description.contains(path) == true)
        }
    }

    @Test(arguments: ["/nonexistent/jwks.json", "/etc", "/dev/zero"])
    func pathWithoutFileStopsTheStart(path: String) async throws {
        let error = await #expect(throws: SettingsError.self) {
            try await Authenticator(AuthSettings(mode: .keySetFile(path)), logger: TestLogger.silent, agora: { Instante(milissegundos: 0) })
        }
        #expect(error?.description.contains(path) == true)
    }

    @Test func largeFileIsRefusedAndALinkFollowed() async throws {
        try await TemporaryFile.with(TestKey.set(TestKey.ec1.jwk(kid: "1"))) { path in
            await #expect(throws: KeySourceError.tooLarge(maxBytes: 10)) { try await FileKeySource(path: path, maxBytes: 10).read() }
            let link = path + "-link"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
            defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: link) } }
            #expect(try await FileKeySource(path: link).read().isEmpty == false)
        }
    }
}
