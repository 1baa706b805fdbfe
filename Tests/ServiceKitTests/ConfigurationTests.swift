import Foundation
import Logging
import Testing

@testable import ServiceKit

@Suite struct ConfigurationTests {
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

    static func load(
        _ extra: [String: String] = [:], service: ServiceName = .lancamentos, yaml: String? = nil
    ) async throws -> Configuration {
        let environment = minimal.merging(extra) { _, new in new }
        guard let yaml else { return try await Configuration.load(service: service, environment: environment) }
        return try await withFile(yaml) { try await Configuration.load(service: service, file: $0, environment: environment) }
    }

    static func withFile<Value>(_ text: String, _ body: (String) async throws -> Value) async throws -> Value {
        let url = FileManager.default.temporaryDirectory.appending(path: "fluxo-\(UUID().uuidString)")
        try Data(text.utf8).write(to: url)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: url) } }
        return try await body(url.path())
    }

    /// The one line of the refusal.
    static func refusal(_ extra: [String: String] = [:], service: ServiceName = .lancamentos, yaml: String? = nil) async throws -> String {
        let error = await #expect(throws: ConfigurationError.self) { try await load(extra, service: service, yaml: yaml) }
        return try #require(error).description
    }

    @Test func defaultsAreComplete() async throws {
        let configuration = try await Self.load()
        #expect(configuration.urlPublica == "http://localhost:8080")
        #expect(configuration.calendario.fuso.identifier == "America/Sao_Paulo")
        #expect(configuration.log.nivel == .info)
        #expect(configuration.http.endereco == "127.0.0.1")
        #expect(configuration.http.porta == 8080)
        #expect(configuration.http.corpoMaxBytes == 65_536)
        #expect(configuration.http.requisicaoMaxS == 30)
        #expect(configuration.http.ociosaMaxS == 60)
        #expect(configuration.encerramentoMaxS == 20)
        #expect(configuration.banco.conexoes == 8)
        #expect(configuration.lancamentos == LancamentosConfiguration())
        #expect(configuration.auth.claimContas == "contas")
        #expect(configuration.auth.iss == nil)
        #expect(configuration.auth.toleranciaS == 60)
        let consolidado = try await Self.load(service: .consolidado)
        #expect(consolidado.http.porta == 8081)
        #expect(consolidado.consolidado == ConsolidadoConfiguration())
    }

    @Test func environmentOverridesFileOverridesDefault() async throws {
        let yaml = "log:\n  nivel: debug\nhttp:\n  ociosa_max_s: 11\n  requisicao_max_s: 12\n"
        let configuration = try await Self.load(["FLUXO_HTTP_OCIOSA_MAX_S": "21"], yaml: yaml)
        #expect(configuration.log.nivel == .debug)
        #expect(configuration.http.ociosaMaxS == 21)
        #expect(configuration.http.requisicaoMaxS == 12)
        #expect(configuration.http.corpoMaxBytes == 65_536)
    }

    @Test func emptyMeansNotSet() async throws {
        let configuration = try await Self.load(["FLUXO_LOG_NIVEL": "", "FLUXO_AUTH_ISS": ""], yaml: "log:\n  nivel: debug\nfuso:\n")
        #expect(configuration.log.nivel == .debug)
        #expect(configuration.calendario.fuso.identifier == "America/Sao_Paulo")
        #expect(configuration.auth.iss == nil)
    }

    @Test func emptyFileIsAccepted() async throws {
        _ = try await Self.load(yaml: "")
        _ = try await Self.load(yaml: "# only a comment\n")
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
    func badValueNamesKeyValueAndWhatIsAccepted(variable: String, value: String, accepted: String) async throws {
        let line = try await Self.refusal([variable: value])
        #expect(line.contains(variable))
        #expect(line.contains("\"\(value)\""))
        #expect(line.contains(accepted))
        #expect(!line.contains("\n"))
    }

    @Test func badValueInFileNamesTheKey() async throws {
        let line = try await Self.refusal(yaml: "http:\n  ociosa_max_s: muito\n")
        #expect(line.contains("http.ociosa_max_s = \"muito\""))
    }

    @Test(arguments: [
        "auth:\n  mode: hs256\n", "autenticacao: x\n", "http: 5\n", "log:\n  nivel: [info]\n", "- a\n",
        "log: {nivel: info}\nlog.nivel: debug\n",
        "a: {b: {c: {d: {e: {f: {g: {h: {i: {j: 1}}}}}}}}}\n", "log:\n  nivel: info\n nivel: x\n", "log: &a\n  nivel: info\nauth: *a\n",
    ])
    func fileThatIsNotTheTableIsRefused(yaml: String) async throws {
        let line = try await Self.refusal(yaml: yaml)
        #expect(line.hasPrefix("configuração: "))
        #expect(!line.contains("\n"))
    }

    @Test func filesOfTLSAreCheckedAtStart() async throws {
        let encrypted = ["FLUXO_LANCAMENTOS_AMQP_URL": "amqps://u:segredo@h/"]
        let (file, none) = ("/etc/passwd", "/nonexistent/ca.crt")
        let plain = try await Self.load(encrypted)
        #expect(plain.amqp.tls == BrokerConfiguration.TLS() && plain.http.tls == nil)
        let names = ["FLUXO_AMQP_TLS_CA": file, "FLUXO_AMQP_TLS_CERTIFICADO": file, "FLUXO_AMQP_TLS_CHAVE": file]
        #expect(try await Self.load(encrypted.merging(names) { $1 }).amqp.tls == .init(ca: file, certificado: file, chave: file))

        let missing = try await Self.refusal(encrypted.merging(["FLUXO_AMQP_TLS_CA": none]) { $1 })
        #expect(missing.contains("amqp.tls.ca = \"\(none)\"") && missing.contains("PEM"))
        let half = try await Self.refusal(encrypted.merging(["FLUXO_AMQP_TLS_CHAVE": file]) { $1 })
        #expect(half.contains("amqp.tls.certificado") && half.contains("amqp.tls.chave"))
        // Who names an authority means to be protected.
        let unprotected = try await Self.refusal(["FLUXO_AMQP_TLS_CA": file])
        #expect(unprotected.contains("amqp.tls.ca") && unprotected.contains("amqps://"))
        let halfHTTPS = try await Self.refusal(["FLUXO_HTTP_TLS_CERTIFICADO": file])
        #expect(halfHTTPS.contains("http.tls.certificado") && halfHTTPS.contains("http.tls.chave"))
        for line in [missing, half, unprotected, halfHTTPS] { #expect(!line.contains("\n") && !line.contains("segredo")) }

        // `migrate` and `saude` have no use for the files and may run where they are not.
        let environment = Self.minimal.merging(encrypted) { $1 }.merging([
            "FLUXO_AMQP_TLS_CA": none, "FLUXO_HTTP_TLS_CERTIFICADO": none, "FLUXO_HTTP_TLS_CHAVE": none,
        ]) { $1 }
        _ = try await MigrateConfiguration.load(service: .lancamentos, environment: environment)
        let health = try await SaudeConfiguration.load(service: .lancamentos, environment: environment)
        #expect(health.isHTTPS)
    }

    @Test func unknownNamesAreNamed() async throws {
        let file = try await Self.refusal(yaml: "auth:\n  mode: hs256\n")
        #expect(file.contains("auth.mode") && file.contains("auth.modo"))
        let variable = try await Self.refusal(["FLUXO_AUTH_MODE": "hs256"])
        #expect(variable.contains("FLUXO_AUTH_MODE") && variable.contains("FLUXO_AUTH_MODO"))
        #expect(try await Self.refusal(["FLUXO_XX": "1"]).contains("FLUXO_URL_PUBLICA, FLUXO_FUSO, FLUXO_LOG_…"))
        #expect(try await Self.refusal(["FLUXO_LOG_NIVEL_FILE": "/dev/null"]).contains("FLUXO_LOG_NIVEL_FILE"))
    }

    @Test func missingFileIsRefused() async throws {
        let error = await #expect(throws: ConfigurationError.self) {
            try await Configuration.load(service: .lancamentos, file: "/nonexistent/a.yaml", environment: Self.minimal)
        }
        #expect(try #require(error).description.contains("/nonexistent/a.yaml"))
    }

    @Test func otherServicesKeysAreKnownAndIgnored() async throws {
        // Even a value that the other service would refuse is none of this one's business.
        let configuration = try await Self.load(
            ["FLUXO_CONSOLIDADO_LOTE_MAX": "many", "FLUXO_CONSOLIDADO_BANCO_URL_FILE": "/nonexistent"],
            yaml: "consolidado:\n  porta: 9999\n  banco:\n    url: x\n")
        #expect(configuration.http.porta == 8080)
        #expect(configuration.consolidado == ConsolidadoConfiguration())
    }

    @Test func secretComesFromFileWithoutItsNewline() async throws {
        let secret = Self.secret + "-from-file"
        let configuration = try await Self.withFile(secret + "\n") {
            try await Self.load(["FLUXO_AUTH_SEGREDO": "", "FLUXO_AUTH_SEGREDO_FILE": $0])
        }
        guard case .hs256(let loaded) = configuration.auth.modo else {
            Issue.record("not hs256")
            return
        }
        #expect(loaded.revealed == secret)
        #expect(!"\(configuration)".contains(secret))
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!dumped.contains(secret))
    }

    @Test func secretIsNeverInAnErrorLine() async throws {
        let short = try await Self.refusal(["FLUXO_AUTH_SEGREDO": "short-and-secret"])
        #expect(short.contains("auth.segredo") && short.contains("32 bytes"))
        #expect(!short.contains("short-and-secret"))
        let url = try await Self.refusal(["FLUXO_LANCAMENTOS_BANCO_URL": "mysql://u:hidden@h/d"])
        #expect(url.contains("lancamentos.banco.url") && !url.contains("hidden"))
        let both = try await Self.refusal(["FLUXO_AUTH_SEGREDO_FILE": "/nonexistent"])
        #expect(both.contains("FLUXO_AUTH_SEGREDO_FILE"))
        let syntax = try await Self.refusal(yaml: "auth:\n  segredo: \"hidden-text\n")
        #expect(!syntax.contains("hidden-text"))
    }

    @Test(arguments: ["FLUXO_AUTH_SEGREDO", "FLUXO_LANCAMENTOS_BANCO_URL", "FLUXO_LANCAMENTOS_AMQP_URL"])
    func missingSecretIsNamedWithItsVariable(variable: String) async throws {
        let line = try await Self.refusal([variable: ""])
        #expect(line.contains("não foi dado") && line.contains(variable))
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.9.9.9", true), ("localhost", true), ("::1", true), ("0.0.0.0", false), ("10.0.0.1", false),
        ("127.evil.example.com", false), ("127.0.0.1.example.com", false), ("::", false),
    ])
    func withoutAuthOnlyOnLoopback(address: String, accepted: Bool) async throws {
        let extra = ["FLUXO_AUTH_MODO": "nenhum", "FLUXO_LANCAMENTOS_ENDERECO": address, "FLUXO_AUTH_SEGREDO": ""]
        if accepted {
            guard case .nenhum = try await Self.load(extra).auth.modo else {
                Issue.record("auth is on")
                return
            }
        } else {
            let line = try await Self.refusal(extra)
            #expect(line.contains("auth.modo") && line.contains(address))
        }
    }

    @Test func keySetComesFromAFileOrAURL() async throws {
        let base = ["FLUXO_AUTH_MODO": "jwks", "FLUXO_AUTH_SEGREDO": ""]
        guard
            case .jwksArquivo("/run/keys.json") = try await Self.load(base.merging(["FLUXO_AUTH_JWKS_ARQUIVO": "/run/keys.json"]) { $1 })
                .auth.modo
        else {
            Issue.record("no file")
            return
        }
        let url = ["FLUXO_AUTH_JWKS_URL": "https://id.example/jwks"]
        guard case .jwksURL("https://id.example/jwks", intervaloS: 300) = try await Self.load(base.merging(url) { $1 }).auth.modo else {
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
    func contradictionsOfAuthAreOneClearLine(extra: [String: String], parts: [String]) async throws {
        let line = try await Self.refusal(extra)
        for part in parts { #expect(line.contains(part), "\(line)") }
        #expect(!line.contains("\n") && !line.contains(Self.secret))
    }

    @Test func rateLimitAndOriginsAreOffUnlessGiven() async throws {
        let off = try await Self.load().http
        #expect(off.taxa == nil && off.origensCORS == .nenhuma)
        let on = try await Self.load([
            "FLUXO_HTTP_TAXA_POR_SEGUNDO": "10", "FLUXO_HTTP_CORS_ORIGENS": "https://a.example,https://b.example",
        ])
        .http
        #expect(on.taxa == RateLimit(perSecond: 10, burst: 10))
        #expect(on.origensCORS == .lista(["https://a.example", "https://b.example"]))
        let burst = try await Self.load(["FLUXO_HTTP_TAXA_POR_SEGUNDO": "10", "FLUXO_HTTP_TAXA_RAJADA": "25"]).http
        #expect(burst.taxa == RateLimit(perSecond: 10, burst: 25))
        #expect(try await Self.refusal(["FLUXO_HTTP_TAXA_RAJADA": "25"]).contains("http.taxa.por_segundo é 0"))
        #expect(try await Self.refusal(["FLUXO_HTTP_CORS_ORIGENS": "https://a.example/"]).contains("https://app.example"))
    }

    @Test func prefetchBelowTwoBatchesIsRefused() async throws {
        let line = try await Self.refusal(["FLUXO_CONSOLIDADO_PREFETCH": "999"], service: .consolidado)
        #expect(line.contains("consolidado.prefetch") && line.contains("dobro"))
    }

    @Test func migrateAndHealthCheckNeedNoOtherSecret() async throws {
        let migrate = try await MigrateConfiguration.load(
            service: .lancamentos, environment: ["FLUXO_LANCAMENTOS_BANCO_URL": "postgresql://h/d"])
        #expect(migrate.banco.url.revealed == "postgresql://h/d")
        let saude = try await SaudeConfiguration.load(service: .consolidado, environment: ["FLUXO_CONSOLIDADO_PORTA": "9"])
        #expect(saude.porta == 9)
    }

    @Test(arguments: ServiceName.allCases)
    func shippedFileListsExactlyTheTableWithItsDefaults(service: ServiceName) async throws {
        let path = Self.repository.appending(path: "config/\(service.rawValue).yaml").path()
        let tree = try ConfigurationTree(yaml: String(contentsOfFile: path, encoding: .utf8), path: path)
        let keys = ConfigurationTable.keys(of: service)
        #expect(tree.leaves.map(\.name) == keys.map(\.name))
        #expect(tree.leaves.map(\.value) == keys.map { $0.defaultValue ?? "" })
        _ = try await Configuration.load(service: service, file: path, environment: Self.minimal)
    }

    /// What the comment above a key says is accepted is what the table accepts.
    @Test(arguments: ServiceName.allCases)
    func shippedFileSaysWhatIsAccepted(service: ServiceName) throws {
        let path = Self.repository.appending(path: "config/\(service.rawValue).yaml").path()
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { $0.drop { $0 == " " } }
        var keys = ConfigurationTable.keys(of: service)[...]
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

    @Test func everyDefaultIsAccepted() {
        for key in ConfigurationTable.all {
            if let value = key.defaultValue { #expect(key.accepts(value), "\(key.name)") }
        }
        #expect(Set(ConfigurationTable.all.map(\.environmentName)).count == ConfigurationTable.all.count)
    }
}
