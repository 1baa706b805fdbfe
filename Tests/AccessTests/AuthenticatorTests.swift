import Contrato
import Fixtures
import FluxoDeCaixa
import SeededRandom
import Testing

@testable import Access
@testable import Settings

@Suite struct AuthenticatorTests {
    static let now: Int64 = 1_795_503_692
    static let base = #""sub":"ana","exp":1795503700"#

    static func authenticator(
        now: Int64 = now, cache: TokenCache = TokenCache(), _ change: (inout AuthSettings) -> Void = { _ in }
    ) async throws -> Authenticator {
        var configuration = AuthSettings(mode: .hs256(Secret(TestToken.secret)))
        change(&configuration)
        return try await Authenticator(
            configuration, logger: TestLogger.silent, agora: { Instante(milissegundos: now * 1000) }, cache: cache)
    }

    static func refusal(_ authenticator: Authenticator, _ authorization: String?) async -> Problema? {
        do {
            _ = try await authenticator.identity(authorization: authorization)
            return nil
        } catch {
            return error
        }
    }

    private static func has(_ scope: String, _ identity: Identity) -> Bool {
        (try? identity.require(Scope(rawValue: scope))) != nil
    }

    @Test func goodTokenTellsWhoCalls() async throws {
        let token = TestToken.make(#"{\#(Self.base),"contas":["loja42.*","teste"],"scope":"lancamentos:ler other:scope consolidado:ler"}"#)
        let identity = try await Self.authenticator().identity(authorization: "Bearer \(token)")
        #expect(identity.sub == "ana")
        #expect(identity.contas.map(\.description) == ["loja42.*", "teste"])
        #expect(["lancamentos:ler", "consolidado:ler", "other:scope"].allSatisfy { Self.has($0, identity) })
        #expect(!Self.has("lancamentos:escrever", identity))
    }

    @Test(arguments: [
        ("1795503700", Int64(1_795_503_760_000)), ("1795503700.0001", 1_795_503_760_001), ("1e300", Instante.ultimo.milissegundos),
    ])
    func `an identity is valid until its token is refused`(exp: String, validUntil: Int64) async throws {
        let authorization = "Bearer " + TestToken.make(#"{"sub":"ana","exp":\#(exp)}"#)
        let identity = try await Self.authenticator().identity(authorization: authorization)
        #expect(identity.validUntil == Instante(milissegundos: validUntil))
        if validUntil % 1000 == 0 {
            #expect(await Self.refusal(try await Self.authenticator(now: validUntil / 1000 - 1), authorization) == nil)
            #expect(await Self.refusal(try await Self.authenticator(now: validUntil / 1000), authorization) != nil)
        }
        #expect(Identity.anonymous.validUntil == nil)
    }

    @Test(arguments: ["bearer ", "BEARER ", "Bearer   "])
    func schemeIsCaseInsensitive(prefix: String) async throws {
        #expect(try await Self.authenticator().identity(authorization: prefix + TestToken.make("{\(Self.base)}")).sub == "ana")
    }

    @Test(arguments: [
        nil, "", "Basic YTpi", "Bearer", "Bearer ", "Bearer a", "Bearer a.b", "Bearer a.b.c.d", "Bearer a b", "Bearerx a.b.c",
        "Bearer é.b.c",
    ])
    func whatIsNoTokenIs401(authorization: String?) async throws {
        #expect(await Self.refusal(try await Self.authenticator(), authorization)?.nome == .naoAutenticado)
    }

    @Test(arguments: [
        // exp and sub
        #"{"sub":"ana"}"#, #"{"exp":1795503700}"#, #"{"sub":"","exp":1795503700}"#, #"{"sub":5,"exp":1795503700}"#,
        #"{"sub":null,"exp":1795503700}"#, #"{"sub":"ana","exp":"1795503700"}"#, #"{"sub":"ana","exp":null}"#,
        #"{"sub":"ana","exp":1e999}"#,
        #"{"sub":"a\u0000b","exp":1795503700}"#,
        // expired, not yet good
        #"{"sub":"ana","exp":1795503632}"#, #"{"sub":"ana","exp":0}"#, #"{"sub":"ana","exp":-1}"#,
        #"{"sub":"ana","exp":1795503700,"nbf":1795503753}"#, #"{"sub":"ana","exp":1795503700,"nbf":"x"}"#,
        // claims of another type
        #"{"sub":"ana","exp":1795503700,"contas":"*"}"#, #"{"sub":"ana","exp":1795503700,"contas":{"a":1}}"#,
        #"{"sub":"ana","exp":1795503700,"contas":[1]}"#, #"{"sub":"ana","exp":1795503700,"contas":["a..b"]}"#,
        #"{"sub":"ana","exp":1795503700,"scope":["lancamentos:ler"]}"#, #"{"sub":"ana","exp":1795503700,"scope":1}"#,
        // not one JSON object
        #"[]"#, #"{"sub":"ana","exp":1795503700}{}"#, #"{"sub":"ana","sub":"eva","exp":1795503700}"#, "",
    ])
    func badPayloadIs401EvenSigned(payload: String) async throws {
        let problem = await Self.refusal(try await Self.authenticator(), "Bearer \(TestToken.make(payload))")
        #expect(problem?.nome == .naoAutenticado)
    }

    @Test func longSubjectIsRefused() async throws {
        let authenticator = try await Self.authenticator()
        let longest = String(repeating: "a", count: 255)
        #expect(await Self.refusal(authenticator, "Bearer \(TestToken.make(#"{"sub":"\#(longest)","exp":1795503700}"#))") == nil)
        #expect(await Self.refusal(authenticator, "Bearer \(TestToken.make(#"{"sub":"\#(longest)a","exp":1795503700}"#))") != nil)
    }

    @Test(arguments: [
        TestToken.make("{\(base)}", secret: "another secret of thirty-two bytes"),
        TestToken.make("{\(base)}", sign: false),
        TestToken.make("{\(base)}", header: #"{"alg":"none"}"#, sign: false),
        TestToken.make("{\(base)}", header: #"{"alg":"none"}"#),
        TestToken.make("{\(base)}", header: #"{"alg":"HS512"}"#),
        TestToken.make("{\(base)}", header: #"{"alg":"RS256"}"#),
        TestToken.make("{\(base)}", header: #"{"alg":"hs256"}"#),
        TestToken.make("{\(base)}", header: #"{"typ":"JWT"}"#),
        TestToken.make("{\(base)}", header: #"{"alg":"HS256","alg":"HS256"}"#),
        TestToken.make("{\(base)}", header: #"{"alg":"HS256","crit":["x"],"x":1}"#),
        TestToken.make("{\(base)}", header: "HS256"),
        TestToken.make("{\(base)}") + "=",
        TestToken.make("{\(base)}") + "A",
        String(TestToken.make("{\(base)}").dropLast()),
    ])
    func badSignatureOrHeaderIs401(token: String) async throws {
        let cache = TokenCache()
        let problem = await Self.refusal(try await Self.authenticator(cache: cache), "Bearer \(token)")
        #expect(problem?.nome == .naoAutenticado)
        #expect(cache.count == 0)
    }

    @Test func lastCharacterOfASignatureHasOneForm() async throws {
        // 32 bytes leave two bits over: three more characters would decode to the same signature.
        let token = TestToken.make("{\(Self.base)}")
        let last = try #require(token.last)
        let authenticator = try await Self.authenticator()
        var accepted = ""
        for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        where await Self.refusal(authenticator, "Bearer \(token.dropLast())\(character)") == nil {
            accepted.append(character)
        }
        #expect(accepted == String(last))
    }

    @Test func toleranceIsExact() async throws {
        let token = "Bearer \(TestToken.make(#"{"sub":"ana","exp":1000,"nbf":900}"#))"
        for (now, good): (Int64, Bool) in [(839, false), (840, true), (1059, true), (1060, false)] {
            #expect((await Self.refusal(try await Self.authenticator(now: now), token) == nil) == good, "at \(now)")
        }
        #expect(await Self.refusal(try await Self.authenticator(now: 1000) { $0.leewayS = 0 }, token) != nil)
    }

    @Test func fractionalDatesAreRead() async throws {
        let token = "Bearer \(TestToken.make(#"{"sub":"ana","exp":1.0005e3}"#))"
        #expect(await Self.refusal(try await Self.authenticator(now: 1000) { $0.leewayS = 0 }, token) == nil)
        #expect(await Self.refusal(try await Self.authenticator(now: 1001) { $0.leewayS = 0 }, token) != nil)
    }

    @Test func issuerAndAudienceAreCheckedIfConfigured() async throws {
        let authenticator = try await Self.authenticator {
            $0.issuer = "https://id.example"
            $0.audience = "fluxo"
        }
        func accepts(_ claims: String) async -> Bool {
            await Self.refusal(authenticator, "Bearer \(TestToken.make("{\(Self.base)\(claims)}"))") == nil
        }
        #expect(await accepts(#","iss":"https://id.example","aud":"fluxo""#))
        #expect(await accepts(#","iss":"https://id.example","aud":["other","fluxo"]"#))
        #expect(await !accepts(#","iss":"https://id.example/","aud":"fluxo""#))
        #expect(await !accepts(#","iss":"https://id.example","aud":"other""#))
        #expect(await !accepts(#","iss":"https://id.example","aud":["other"]"#))
        #expect(await !accepts(#","iss":"https://id.example","aud":[1,"fluxo"]"#))
        #expect(await !accepts(#","iss":"https://id.example""#))
        #expect(await !accepts(#","aud":"fluxo""#))
    }

    @Test func claimsCanBeRenamed() async throws {
        let authenticator = try await Self.authenticator {
            $0.contasClaim = "https://example/accounts"
            $0.scopeClaim = "scp"
        }
        let token = TestToken.make(
            #"{\#(Self.base),"https://example/accounts":["a"],"scp":"lancamentos:ler","contas":["*"],"scope":"consolidado:ler"}"#)
        let identity = try await authenticator.identity(authorization: "Bearer \(token)")
        #expect(identity.contas.map(\.description) == ["a"])
        #expect(Self.has("lancamentos:ler", identity) && !Self.has("consolidado:ler", identity))
    }

    @Test(arguments: ["", #","contas":[]"#, #","contas":null"#])
    func tokenWithoutAccountsMayNameNone(claims: String) async throws {
        let identity = try await Self.authenticator().identity(authorization: "Bearer \(TestToken.make("{\(Self.base)\(claims)}"))")
        let conta = try #require(Conta("a"))
        let isRefusal: (any Error) -> Bool = { ($0 as? Problema)?.nome == .contaNaoPermitida }
        #expect(performing: { try identity.requireAnyConta() }, throws: isRefusal)
        #expect(performing: { try identity.require(conta: conta) }, throws: isRefusal)
        #expect(performing: { try identity.require(filtro: .todas) }, throws: isRefusal)
    }

    @Test func wildcardNeedsOneEntryThatCoversItWhole() throws {
        func filtro(_ text: String) throws -> FiltroDeConta { try #require(FiltroDeConta(parsing: text)) }
        let identity = Identity(
            sub: "x", contas: [try filtro("loja42.*"), try filtro("a.b"), try filtro("a.c")], scopes: [])
        #expect(identity.allows(conta: try #require(Conta("loja42.caixa"))))
        #expect(!identity.allows(conta: try #require(Conta("loja42"))))
        #expect(identity.allows(filtro: try filtro("loja42.x.*")))
        #expect(!identity.allows(filtro: try filtro("a.*")))
        #expect(!identity.allows(filtro: .todas))
        #expect(identity.onlyFilter == nil)
        #expect(Identity(sub: "x", contas: [try filtro("a.*")], scopes: []).onlyFilter == (try filtro("a.*")))
    }

    @Test func withoutAuthEverybodyMayDoEverything() async throws {
        let authenticator = try await Self.authenticator { $0.mode = .none }
        let identity = try await authenticator.identity(authorization: nil)
        #expect(identity == .anonymous)
        #expect(identity.sub == "anonimo")
        #expect(identity.allows(filtro: .todas) && Self.has("lancamentos:escrever", identity))
    }

    @Test func cachedTokenStillExpires() async throws {
        let cache = TokenCache()
        let token = "Bearer \(TestToken.make("{\(Self.base)}"))"
        #expect(await Self.refusal(try await Self.authenticator(cache: cache), token) == nil)
        #expect(cache.count == 1)
        #expect(await Self.refusal(try await Self.authenticator(now: 1_795_503_760, cache: cache), token)?.nome == .naoAutenticado)
    }

    @Test func cacheIsUsedAndBounded() async throws {
        let cache = TokenCache(maxTokens: 10, tokenMaxBytes: 200)
        let authenticator = try await Self.authenticator(cache: cache)
        for number in 0..<100 {
            let token = TestToken.make(#"{"sub":"\#(number)","exp":1795503700}"#)
            #expect(try await authenticator.identity(authorization: "Bearer \(token)").sub == "\(number)")
            #expect(cache.count <= 10)
        }
        let long = TestToken.make(#"{\#(Self.base),"x":"\#(String(repeating: "x", count: 200))"}"#)
        let before = cache.count
        #expect(try await authenticator.identity(authorization: "Bearer \(long)").sub == "ana")
        #expect(cache.count == before)
        // A token that the cache knows is not verified again: even one that could not be.
        let claims = try TokenClaims(try JSONReader.read(Array("{\(Self.base)}".utf8)), settings: AuthSettings(mode: .none))
        cache.insert("known.to.cache", claims, generation: 0)
        #expect(try await authenticator.identity(authorization: "Bearer known.to.cache").sub == "ana")
    }

    @Test func randomBytesNeverCrash() async throws {
        let authenticator = try await Self.authenticator()
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("ABab01-_.={} \u{E9}\"".unicodeScalars)
        for _ in 0..<2000 {
            var text = "Bearer "
            for _ in 0..<Int.random(in: 0...40, using: &random) { text.unicodeScalars.append(alphabet.randomElement(using: &random)!) }
            #expect(await Self.refusal(authenticator, text) != nil, "seed \(seed): \(text)")
        }
    }
}
