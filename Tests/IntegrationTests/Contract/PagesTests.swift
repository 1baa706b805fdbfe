import TestSupport
import Testing

/// The pages in Chromium. A suite beside the other tools' tests, because the longest serialized suite decides how long all tests take.
@Suite(
    .enabled(
        if: TestServers.hasEverything && TestServers.python != nil, "needs the servers, products and tools that deploy/local/test provides"),
    .enabled(if: TestServers.hasBrowser, "needs Chromium, which deploy/local/test installs on Debian"),
    .serialized, .timeLimit(.minutes(20))
)
struct PagesTests {
    @Test func `the pages are accessible, fit a phone, and can be used with the keyboard`() async throws {
        try await Stack.with(consolidados: 1) { stack in
            print(try await ConformanceTool.run("pages.py", [stack.lancamentos.url], stack: stack))
        }
    }

    @Test func `a merchant uses the page with clicks and keys`() async throws {
        try await Stack.with(page: true) { stack in
            print(try await ConformanceTool.run("painel.py", [], stack: stack))
        }
    }

    @Test func `a merchant signs in through an issuer`() async throws {
        let issuer = "http://127.0.0.1:\(try FreePort.find())"
        let tokenOrigin = "http://127.0.0.1:\(try FreePort.find())"
        let settings = [
            "FLUXO_AUTH_MODO": "jwks", "FLUXO_AUTH_SEGREDO": "", "FLUXO_AUTH_JWKS_URL": "\(issuer)/keys", "FLUXO_AUTH_ISS": issuer,
            "FLUXO_AUTH_AUD": "fluxo-caixa", "FLUXO_AUTH_TOLERANCIA_S": "0", "FLUXO_PAINEL_OIDC_EMISSOR": issuer,
            "FLUXO_PAINEL_OIDC_CLIENTE": "painel", "FLUXO_PAINEL_OIDC_ORIGEM_DO_TOKEN": tokenOrigin,
        ]
        try await Stack.with(consolidados: 1, environment: settings, page: true) { stack in
            print(try await ConformanceTool.run("sign_in.py", [issuer, tokenOrigin], stack: stack))
        }
    }
}
