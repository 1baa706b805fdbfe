import Consolidado
import Documents
import Foundation
import Lancamentos
import Logging
import Testing

@testable import Access
@testable import Edge
@testable import Observability
@testable import ServiceRuntime
@testable import Settings

@Suite struct SettingsTests {
    static let secret = "0123456789abcdef0123456789abcdef"
    static let minimal = [
        "FLUXO_AUTH_SEGREDO": secret,
        "FLUXO_LANCAMENTOS_BANCO_URL": "postgresql://u:p@localhost/lancamentos",
        "FLUXO_LANCAMENTOS_AMQP_URL": "amqp://u:p@localhost/",
        "FLUXO_CONSOLIDADO_BANCO_URL": "postgresql://u:p@localhost/consolidado",
        "FLUXO_CONSOLIDADO_AMQP_URL": "amqp://u:p@localhost/",
        "PATH": "/bin",
    ]
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// What `serve` of a service reads.
    static func load<App: ServiceApp>(
        _ app: App.Type, _ extra: [String: String] = [:], yaml: String? = nil
    ) throws -> App.AppSettings {
        let environment = minimal.merging(extra) { _, new in new }
        guard let yaml else { return try App.settings(SettingValues(App.catalog(), file: nil, environment: environment)) }
        return try withFile(yaml) { try App.settings(SettingValues(App.catalog(), file: $0, environment: environment)) }
    }

    static func load(_ extra: [String: String] = [:], yaml: String? = nil) throws -> ServiceSettings {
        try load(LancamentosApp.self, extra, yaml: yaml).common
    }

    static func withFile<Value>(_ text: String, _ body: (String) throws -> Value) throws -> Value {
        let url = FileManager.default.temporaryDirectory.appending(path: "fluxo-\(UUID().uuidString)")
        try Data(text.utf8).write(to: url)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: url) } }
        return try body(url.path())
    }

    /// The one line of the refusal.
    static func refusal(_ extra: [String: String] = [:], yaml: String? = nil) throws -> String {
        try refusal(LancamentosApp.self, extra, yaml: yaml)
    }

    static func refusal<App: ServiceApp>(_ app: App.Type, _ extra: [String: String] = [:], yaml: String? = nil) throws -> String {
        let error = #expect(throws: SettingsError.self) { try load(App.self, extra, yaml: yaml) }
        return try #require(error).description
    }

    @Test func `the defaults are complete`() throws {
        let lancamentos = try Self.load(LancamentosApp.self)
        let common = lancamentos.common
        #expect(common.urlPublica == "http://localhost:8080")
        #expect(common.calendario.fuso.identifier == "America/Sao_Paulo")
        #expect(common.log.level == .info)
        #expect(common.http.address == "127.0.0.1")
        #expect(common.http.port == 8080)
        #expect(common.http.bodyMaxBytes == 65_536)
        #expect(common.http.requestMaxS == 30)
        #expect(common.http.idleMaxS == 75)
        #expect(common.shutdownMaxS == 20)
        #expect(common.database.connections == 8)
        #expect(common.auth.contasClaim == "contas")
        #expect(common.auth.issuer == nil)
        #expect(common.auth.leewayS == 60)
        #expect(!lancamentos.isChaveRequired)
        #expect(lancamentos.writeQueueEntriesMax == 4096 && lancamentos.writeBatchEntriesMax == 256 && lancamentos.readConnections == 4)
        #expect(lancamentos.extractsMax == 4 && lancamentos.lotesMax == 4 && lancamentos.loteBodyMaxBytes == 16_777_216)
        #expect(lancamentos.relayWindowMessagesMax == 1000 && lancamentos.relayRingEntriesMax == 10_000)
        let consolidado = try Self.load(ConsolidadoApp.self)
        #expect(consolidado.common.http.port == 8081)
        #expect(consolidado.batchMessagesMax == 500 && consolidado.batchWaitMs == 10 && consolidado.prefetchMessages == 1000)
        #expect(consolidado.eventsUser == nil && consolidado.aposWaitMaxMs == 30_000)
        #expect(consolidado.eventStreamsMax == 1000)
    }

    @Test func environmentOverridesFileOverridesDefault() throws {
        let yaml = "log:\n  nivel: debug\nhttp:\n  ociosa_max_s: 11\n  requisicao_max_s: 12\n"
        let configuration = try Self.load(["FLUXO_HTTP_OCIOSA_MAX_S": "21"], yaml: yaml)
        #expect(configuration.log.level == .debug)
        #expect(configuration.http.idleMaxS == 21)
        #expect(configuration.http.requestMaxS == 12)
        #expect(configuration.http.bodyMaxBytes == 65_536)
    }

    @Test func emptyMeansNotSet() throws {
        let configuration = try Self.load(["FLUXO_LOG_NIVEL": "", "FLUXO_AUTH_ISS": ""], yaml: "log:\n  nivel: debug\nfuso:\n")
        #expect(configuration.log.level == .debug)
        #expect(configuration.calendario.fuso.identifier == "America/Sao_Paulo")
        #expect(configuration.auth.issuer == nil)
    }

    @Test func emptyFileIsAccepted() throws {
        _ = try Self.load(yaml: "")
        _ = try Self.load(yaml: "# only a comment\n")
    }

    @Test(arguments: [
        ("FLUXO_AUTH_MODO", "hs512", "hs256 ou jwks ou nenhum"),
        ("FLUXO_LANCAMENTOS_PORTA", "80800", "0 a 65535"),
        ("FLUXO_LANCAMENTOS_PORTA", "0x50", "0 a 65535"),
        ("FLUXO_LANCAMENTOS_PORTA", "+80", "0 a 65535"),
        ("FLUXO_LANCAMENTOS_EXIGIR_CHAVE", "sim", "true ou false"),
        ("FLUXO_FUSO", "America/Sao_Paolo", "IANA"),
        ("FLUXO_LOG_NIVEL", "INFO", "info"),
        ("FLUXO_URL_PUBLICA", "localhost", "http://…"),
        ("FLUXO_LANCAMENTOS_ESCRITA_LOTE_MAX", "0", "1 a 4096 (lançamentos)"),
    ])
    func badValueNamesKeyValueAndWhatIsAccepted(variable: String, value: String, accepted: String) throws {
        let line = try Self.refusal([variable: value])
        #expect(line.contains(variable))
        #expect(line.contains("\"\(value)\""))
        #expect(line.contains(accepted))
        #expect(!line.contains("\n"))
    }

    @Test func badValueInFileNamesTheKey() throws {
        let line = try Self.refusal(yaml: "http:\n  ociosa_max_s: muito\n")
        #expect(line.contains("http.ociosa_max_s = \"muito\""))
    }

    @Test(arguments: [
        "auth:\n  mode: hs256\n", "autenticacao: x\n", "http: 5\n", "log:\n  nivel: [info]\n", "- a\n",
        "log: {nivel: info}\nlog.nivel: debug\n",
        "a: {b: {c: {d: {e: {f: {g: {h: {i: {j: 1}}}}}}}}}\n", "log:\n  nivel: info\n nivel: x\n", "log: &a\n  nivel: info\nauth: *a\n",
    ])
    func fileThatIsNotTheTableIsRefused(yaml: String) throws {
        let line = try Self.refusal(yaml: yaml)
        #expect(line.hasPrefix("configuração: "))
        #expect(!line.contains("\n"))
    }

    @Test func filesOfTLSAreCheckedAtStart() throws {
        let encrypted = ["FLUXO_LANCAMENTOS_AMQP_URL": "amqps://u:segredo@h/"]
        let (file, none) = ("/etc/passwd", "/nonexistent/ca.crt")
        let plain = try Self.load(encrypted)
        #expect(plain.broker.tls == BrokerSettings.TLS() && plain.http.tls == nil)
        let names = ["FLUXO_AMQP_TLS_CA": file, "FLUXO_AMQP_TLS_CERTIFICADO": file, "FLUXO_AMQP_TLS_CHAVE": file]
        #expect(try Self.load(encrypted.merging(names) { $1 }).broker.tls == .init(authorities: file, certificate: file, key: file))

        let missing = try Self.refusal(encrypted.merging(["FLUXO_AMQP_TLS_CA": none]) { $1 })
        #expect(missing.contains("amqp.tls.ca = \"\(none)\"") && missing.contains("PEM"))
        let half = try Self.refusal(encrypted.merging(["FLUXO_AMQP_TLS_CHAVE": file]) { $1 })
        #expect(half.contains("amqp.tls.certificado") && half.contains("amqp.tls.chave"))
        // Who names an authority means to be protected.
        let unprotected = try Self.refusal(["FLUXO_AMQP_TLS_CA": file])
        #expect(unprotected.contains("amqp.tls.ca") && unprotected.contains("amqps://"))
        let halfHTTPS = try Self.refusal(["FLUXO_HTTP_TLS_CERTIFICADO": file])
        #expect(halfHTTPS.contains("http.tls.certificado") && halfHTTPS.contains("http.tls.chave"))
        for line in [missing, half, unprotected, halfHTTPS] { #expect(!line.contains("\n") && !line.contains("segredo")) }

        // `migrate` and `saude` have no use for the files and may run where they are not.
        let environment = Self.minimal.merging(encrypted) { $1 }.merging([
            "FLUXO_AMQP_TLS_CA": none, "FLUXO_HTTP_TLS_CERTIFICADO": none, "FLUXO_HTTP_TLS_CHAVE": none,
        ]) { $1 }
        let values = try SettingValues(LancamentosApp.catalog(), file: nil, environment: environment)
        _ = try DatabaseSettings(values)
        #expect(try HTTPSettings(values).tls != nil)
    }

    @Test func unknownNamesAreNamed() throws {
        let file = try Self.refusal(yaml: "auth:\n  mode: hs256\n")
        #expect(file.contains("auth.mode") && file.contains("auth.modo"))
        let variable = try Self.refusal(["FLUXO_AUTH_MODE": "hs256"])
        #expect(variable.contains("FLUXO_AUTH_MODE") && variable.contains("FLUXO_AUTH_MODO"))
        #expect(try Self.refusal(["FLUXO_XX": "1"]).contains("FLUXO_URL_PUBLICA, FLUXO_FUSO, FLUXO_LOG_…"))
        #expect(try Self.refusal(["FLUXO_LOG_NIVEL_FILE": "/dev/null"]).contains("FLUXO_LOG_NIVEL_FILE"))
    }

    @Test func missingFileIsRefused() throws {
        let error = #expect(throws: SettingsError.self) {
            try SettingValues(LancamentosApp.catalog(), file: "/nonexistent/a.yaml", environment: Self.minimal)
        }
        #expect(try #require(error).description.contains("/nonexistent/a.yaml"))
    }

    @Test func otherServicesKeysAreKnownAndIgnored() throws {
        // Even a value that the other service would refuse is none of this one's business.
        let configuration = try Self.load(
            ["FLUXO_CONSOLIDADO_LOTE_MAX": "many", "FLUXO_CONSOLIDADO_BANCO_URL_FILE": "/nonexistent"],
            yaml: "consolidado:\n  porta: 9999\n  banco:\n    url: x\n")
        #expect(configuration.http.port == 8080)
    }

    @Test func secretComesFromFileWithoutItsNewline() throws {
        let secret = Self.secret + "-from-file"
        let configuration = try Self.withFile(secret + "\n") {
            try Self.load(["FLUXO_AUTH_SEGREDO": "", "FLUXO_AUTH_SEGREDO_FILE": $0])
        }
        guard case .hs256(let loaded) = configuration.auth.mode else {
            Issue.record("not hs256")
            return
        }
        #expect(loaded.revealed == secret)
        #expect(!"\(configuration)".contains(secret))
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!dumped.contains(secret))
    }

    @Test func secretIsNeverInAnErrorLine() throws {
        let short = try Self.refusal(["FLUXO_AUTH_SEGREDO": "short-and-secret"])
        #expect(short.contains("auth.segredo") && short.contains("32 bytes"))
        #expect(!short.contains("short-and-secret"))
        let url = try Self.refusal(["FLUXO_LANCAMENTOS_BANCO_URL": "mysql://u:hidden@h/d"])
        #expect(url.contains("lancamentos.banco.url") && !url.contains("hidden"))
        let both = try Self.refusal(["FLUXO_AUTH_SEGREDO_FILE": "/nonexistent"])
        #expect(both.contains("FLUXO_AUTH_SEGREDO_FILE"))
        let syntax = try Self.refusal(yaml: "auth:\n  segredo: \"hidden-text\n")
        #expect(!syntax.contains("hidden-text"))
    }

    @Test(arguments: ["FLUXO_AUTH_SEGREDO", "FLUXO_LANCAMENTOS_BANCO_URL", "FLUXO_LANCAMENTOS_AMQP_URL"])
    func missingSecretIsNamedWithItsVariable(variable: String) throws {
        let line = try Self.refusal([variable: ""])
        #expect(line.contains("não foi dado") && line.contains(variable))
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.9.9.9", true), ("localhost", true), ("::1", true), ("0.0.0.0", false), ("10.0.0.1", false),
        ("127.evil.example.com", false), ("127.0.0.1.example.com", false), ("::", false),
    ])
    func withoutAuthOnlyOnLoopback(address: String, accepted: Bool) throws {
        let extra = ["FLUXO_AUTH_MODO": "nenhum", "FLUXO_LANCAMENTOS_ENDERECO": address, "FLUXO_AUTH_SEGREDO": ""]
        if accepted {
            guard case .none = try Self.load(extra).auth.mode else {
                Issue.record("auth is on")
                return
            }
        } else {
            let line = try Self.refusal(extra)
            #expect(line.contains("auth.modo") && line.contains(address))
        }
    }

    @Test func keySetComesFromAFileOrAURL() throws {
        let base = ["FLUXO_AUTH_MODO": "jwks", "FLUXO_AUTH_SEGREDO": ""]
        guard
            case .keySetFile("/run/keys.json") = try Self.load(base.merging(["FLUXO_AUTH_JWKS_ARQUIVO": "/run/keys.json"]) { $1 })
                .auth.mode
        else {
            Issue.record("no file")
            return
        }
        let url = ["FLUXO_AUTH_JWKS_URL": "https://id.example/jwks"]
        guard case .keySetURL("https://id.example/jwks", intervalS: 300) = try Self.load(base.merging(url) { $1 }).auth.mode else {
            Issue.record("no URL")
            return
        }
    }

    @Test(arguments: [
        (["FLUXO_AUTH_MODO": "jwks", "FLUXO_AUTH_SEGREDO": ""], ["auth.modo", "auth.jwks_arquivo", "auth.jwks_url"]),
        (
            ["FLUXO_AUTH_MODO": "jwks", "FLUXO_AUTH_SEGREDO": "", "FLUXO_AUTH_JWKS_ARQUIVO": "a", "FLUXO_AUTH_JWKS_URL": "https://h/k"],
            ["auth.jwks_arquivo", "auth.jwks_url", "ao mesmo tempo"]
        ),
        (["FLUXO_AUTH_MODO": "jwks", "FLUXO_AUTH_JWKS_ARQUIVO": "a"], ["auth.segredo", "jwks"]),
        (["FLUXO_AUTH_JWKS_ARQUIVO": "a"], ["auth.jwks_arquivo", "hs256"]),
        (["FLUXO_AUTH_JWKS_URL": "https://h/k"], ["auth.jwks_url", "hs256"]),
        (["FLUXO_AUTH_MODO": "nenhum", "FLUXO_AUTH_JWKS_URL": "https://h/k"], ["auth.jwks_url", "nenhum"]),
        (["FLUXO_AUTH_MODO": "jwks", "FLUXO_AUTH_SEGREDO": "", "FLUXO_AUTH_JWKS_URL": "ftp://h/k"], ["FLUXO_AUTH_JWKS_URL", "https://"]),
    ])
    func contradictionsOfAuthAreOneClearLine(extra: [String: String], parts: [String]) throws {
        let line = try Self.refusal(extra)
        for part in parts { #expect(line.contains(part), "\(line)") }
        #expect(!line.contains("\n") && !line.contains(Self.secret))
    }

    @Test func rateLimitAndOriginsAreOffUnlessGiven() throws {
        let off = try Self.load().http
        #expect(off.rate == nil && off.corsOrigins == .none)
        let on = try Self.load([
            "FLUXO_HTTP_TAXA_POR_SEGUNDO": "10", "FLUXO_HTTP_CORS_ORIGENS": "https://a.example,https://b.example",
        ])
        .http
        #expect(on.rate == RateLimit(perSecond: 10, burst: 10))
        #expect(on.corsOrigins == .list(["https://a.example", "https://b.example"]))
        let burst = try Self.load(["FLUXO_HTTP_TAXA_POR_SEGUNDO": "10", "FLUXO_HTTP_TAXA_RAJADA": "25"]).http
        #expect(burst.rate == RateLimit(perSecond: 10, burst: 25))
        #expect(try Self.refusal(["FLUXO_HTTP_TAXA_RAJADA": "25"]).contains("http.taxa.por_segundo é 0"))
        #expect(try Self.refusal(["FLUXO_HTTP_CORS_ORIGENS": "https://a.example/"]).contains("https://app.example"))
    }

    @Test func prefetchBelowTwoBatchesIsRefused() throws {
        let line = try Self.refusal(ConsolidadoApp.self, ["FLUXO_CONSOLIDADO_PREFETCH": "999"])
        #expect(line.contains("consolidado.prefetch") && line.contains("dobro"))
    }

    @Test func `the page finds lancamentos at an origin and nothing else`() throws {
        #expect(try Self.load(ConsolidadoApp.self).painelLancamentosOrigin == nil)
        let given = ["FLUXO_PAINEL_LANCAMENTOS_URL": "https://caixa.example:8443"]
        #expect(try Self.load(ConsolidadoApp.self, given).painelLancamentosOrigin == "https://caixa.example:8443")
        for other in ["https://caixa.example/", "https://caixa.example/api", "https://a.example,https://b.example", "https://a;script-src"]
        {
            let line = try Self.refusal(ConsolidadoApp.self, ["FLUXO_PAINEL_LANCAMENTOS_URL": other])
            #expect(line.contains("painel.lancamentos_url") && line.contains("https://app.example"), "\(other)")
        }
    }

    @Test func `the page signs in at an issuer that is named whole`() throws {
        #expect(try Self.load(ConsolidadoApp.self).painelIssuer == nil)
        let issuer = ["FLUXO_PAINEL_OIDC_EMISSOR": "https://id.example/loja", "FLUXO_PAINEL_OIDC_CLIENTE": "painel"]
        let plain = try #require(try Self.load(ConsolidadoApp.self, issuer).painelIssuer)
        #expect(plain.identifier == "https://id.example/loja" && plain.clientID == "painel" && plain.origins == ["https://id.example"])
        #expect(plain.scopes == "openid lancamentos:escrever lancamentos:ler consolidado:ler")
        func loaded(_ more: [String: String]) throws -> PainelIssuer? {
            try Self.load(ConsolidadoApp.self, issuer.merging(more) { $1 }).painelIssuer
        }
        let other = try loaded([
            "FLUXO_PAINEL_OIDC_EMISSOR": "https://id.example:8443/", "FLUXO_PAINEL_OIDC_ORIGEM_DO_TOKEN": "https://t.example",
        ])
        #expect(other?.origins == ["https://id.example:8443", "https://t.example"])
        #expect(try loaded(["FLUXO_PAINEL_OIDC_ORIGEM_DO_TOKEN": "https://id.example"])?.origins == ["https://id.example"])

        func refusal(_ more: [String: String]) throws -> String {
            try Self.refusal(ConsolidadoApp.self, issuer.merging(more) { $1 })
        }
        for bad in ["https://id.example/?a=b", "https://id.example/#a", "https://id.example;script-src", "https://a b", "https:///loja"] {
            #expect(try refusal(["FLUXO_PAINEL_OIDC_EMISSOR": bad]).contains("painel.oidc.emissor"), "\(bad)")
        }
        #expect(try refusal(["FLUXO_PAINEL_OIDC_ORIGEM_DO_TOKEN": "https://t.example/token"]).contains("painel.oidc.origem_do_token"))
        #expect(try refusal(["FLUXO_PAINEL_OIDC_ESCOPOS": "consolidado:ler"]).contains("openid"))
        // One key without the other is a mistake, not a page without an issuer.
        #expect(try refusal(["FLUXO_PAINEL_OIDC_CLIENTE": ""]).contains("painel.oidc.cliente"))
        #expect(try refusal(["FLUXO_PAINEL_OIDC_EMISSOR": ""]).contains("painel.oidc.emissor"))
    }

    @Test func migrateAndHealthCheckNeedNoOtherSecret() throws {
        let migrate = try SettingValues(
            LancamentosApp.catalog(), file: nil, environment: ["FLUXO_LANCAMENTOS_BANCO_URL": "postgresql://h/d"])
        #expect(try DatabaseSettings(migrate).url.revealed == "postgresql://h/d")
        let saude = try SettingValues(ConsolidadoApp.catalog(), file: nil, environment: ["FLUXO_CONSOLIDADO_PORTA": "9"])
        #expect(try HTTPSettings(saude).port == 9)
    }

    static func catalogs() throws -> [SettingsCatalog] { [try LancamentosApp.catalog(), try ConsolidadoApp.catalog()] }

    @Test func `the shipped file lists exactly the keys with their defaults`() throws {
        for catalog in try Self.catalogs() {
            let path = Self.repository.appending(path: "config/\(catalog.service).yaml").path()
            let file = try SettingsFile(yaml: String(contentsOfFile: path, encoding: .utf8), path: path)
            #expect(file.leaves.map(\.name) == catalog.keys.map(\.name))
            #expect(file.leaves.map(\.value) == catalog.keys.map { $0.defaultValue ?? "" })
            _ = try SettingValues(catalog, file: path, environment: Self.minimal)
        }
    }

    /// The comment above a key describes what the catalog accepts.
    @Test func `the shipped file says what is accepted`() throws {
        for catalog in try Self.catalogs() {
            let path = Self.repository.appending(path: "config/\(catalog.service).yaml").path()
            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { $0.drop { $0 == " " } }
            var keys = catalog.keys[...]
            var comment = ""
            for line in lines {
                if line.hasPrefix("#") {
                    comment = String(line)
                    continue
                }
                guard let key = keys.first, line.hasPrefix("\(key.name.split(separator: ".").last!):") else { continue }
                keys.removeFirst()
                switch key.kind {
                case .integer(let range): #expect(comment.contains("accepts: \(range.lowerBound) to \(range.upperBound))"), "\(key.name)")
                case .choice(let words): #expect(comment.contains("accepts: \(words.joined(separator: " | ")))"), "\(key.name)")
                case .boolean: #expect(comment.contains("accepts: true | false)"), "\(key.name)")
                case .text, .url, .timeZone, .bytes: break
                }
                #expect(comment.contains("secret)") == key.isSecret, "\(key.name)")
                #expect(comment.contains("unit: ") == (key.unit != nil), "\(key.name)")
            }
            #expect(keys.isEmpty)
        }
    }

    @Test func `every default is accepted and every variable is unique`() throws {
        for catalog in try Self.catalogs() {
            for key in catalog.keys {
                if let value = key.defaultValue { #expect(key.accepts(value), "\(key.name)") }
            }
            #expect(Set(catalog.keys.map(\.environmentName)).count == catalog.keys.count)
        }
    }

    /// One environment serves both: each service accepts every variable of the other, and `…_FILE` for the same secrets.
    @Test func `each service accepts the variables of the other`() throws {
        let catalogs = try Self.catalogs()
        for (catalog, other) in zip(catalogs, catalogs.reversed()) {
            for key in other.keys where key.name.hasPrefix("\(other.service).") {
                _ = try SettingValues(catalog, file: nil, environment: [key.environmentName: "x"])
                let file = ["\(key.environmentName)_FILE": "/nonexistent"]
                if key.isSecret {
                    _ = try SettingValues(catalog, file: nil, environment: file)
                } else {
                    #expect(throws: SettingsError.self) { try SettingValues(catalog, file: nil, environment: file) }
                }
            }
        }
    }
}
