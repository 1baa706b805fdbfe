import Access
package import Documents
import Edge
import Foundation
package import ServiceRuntime
package import Settings

/// The settings of the consolidation service.
package struct ConsolidadoSettings: Sendable {
    package let common: ServiceSettings
    /// Messages applied by one statement.
    package let batchMessagesMax: Int
    /// Longest time in which an incomplete batch gathers messages, in milliseconds.
    package let batchWaitMs: Int
    /// Messages delivered and not yet acknowledged.
    package let prefetchMessages: Int
    /// The only AMQP user whose events are accepted; nil: every user with the right to publish them.
    package let eventsUser: String?
    /// Longest wait of a read for the entries in `apos`, in milliseconds.
    package let aposWaitMaxMs: Int
    /// Streams of events at the same time.
    package let eventStreamsMax: Int
    /// The origin of lancamentos as browsers reach it; nil: the page's own.
    package let painelLancamentosOrigin: String?
    /// Where merchants sign in; nil: they paste a token.
    package let painelIssuer: PainelIssuer?

    private static let ownKeys = [
        SettingKey("consolidado.lote_max", .integer(1...10_000), unit: "mensagens", default: "500"),
        SettingKey("consolidado.lote_espera_ms", .integer(0...1000), unit: "ms", default: "10"),
        SettingKey("consolidado.prefetch", .integer(2...65_535), unit: "mensagens", default: "1000"),
        SettingKey("consolidado.usuario_dos_eventos", .text),
        SettingKey("consolidado.apos_espera_max_ms", .integer(0...30_000), unit: "ms", default: "30000"),
        SettingKey("consolidado.eventos_max", .integer(1...100_000), unit: "leitores", default: "1000"),
        SettingKey("painel.lancamentos_url", .url(schemes: ["https", "http"])),
        SettingKey("painel.oidc.emissor", .url(schemes: ["https", "http"])),
        SettingKey("painel.oidc.cliente", .text),
        SettingKey("painel.oidc.escopos", .text, default: "openid lancamentos:escrever lancamentos:ler consolidado:ler"),
        SettingKey("painel.oidc.origem_do_token", .url(schemes: ["https", "http"])),
    ]

    /// Every key of the service. The keys of lancamentos are known from its published file, so that one environment can serve both.
    package static func catalog() throws(SettingsError) -> SettingsCatalog {
        let name = ConsolidadoApp.name
        return try SettingsCatalog(
            service: name, keys: ServiceSettings.keys(of: name, defaultPort: 8081) + self.ownKeys,
            otherFile: Documents.settingsLancamentos)
    }

    package init(_ values: SettingValues) throws(SettingsError) {
        self.common = try ServiceSettings(values)
        self.batchMessagesMax = try values.integer("consolidado.lote_max")
        self.batchWaitMs = try values.integer("consolidado.lote_espera_ms")
        self.prefetchMessages = try values.integer("consolidado.prefetch")
        self.eventsUser = values.text("consolidado.usuario_dos_eventos")
        self.aposWaitMaxMs = try values.integer("consolidado.apos_espera_max_ms")
        self.eventStreamsMax = try values.integer("consolidado.eventos_max")
        self.painelLancamentosOrigin = try Self.origin("painel.lancamentos_url", values)
        self.painelIssuer = try Self.painelIssuer(values)
        // With less, the next batch cannot fill while this one is being applied.
        guard self.prefetchMessages >= 2 * self.batchMessagesMax else {
            throw .invalid(
                values.key("consolidado.prefetch"), value: String(self.prefetchMessages), from: "consolidado.prefetch",
                accepted: "pelo menos o dobro de consolidado.lote_max (\(self.batchMessagesMax))"
            )
        }
    }

    /// What the merchant's page must know.
    var painel: PainelConfiguration {
        let needsToken = if case .none = self.common.auth.mode { false } else { true }
        return PainelConfiguration(
            lancamentosOrigin: self.painelLancamentosOrigin, timeZone: self.common.calendario.fuso.identifier,
            contasClaim: self.common.auth.contasClaim, scopeClaim: self.common.auth.scopeClaim, needsToken: needsToken,
            issuer: self.painelIssuer)
    }

    /// An origin and nothing more: it enters the page's Content-Security-Policy.
    private static func origin(_ name: String, _ values: SettingValues) throws(SettingsError) -> String? {
        guard let text = values.text(name) else { return nil }
        guard self.isOrigin(text) else {
            throw .invalid(
                values.key(name), value: text, from: name,
                accepted: "uma origem exata como https://app.example, sem barra no fim e em minúsculas")
        }
        return text
    }

    private static func isOrigin(_ text: String) -> Bool {
        guard case .list(let origins)? = CORSOrigins(parsing: text) else { return false }
        return origins == [text]
    }

    /// The origin of the issuer enters the page's Content-Security-Policy, its path does not.
    private static func painelIssuer(_ values: SettingValues) throws(SettingsError) -> PainelIssuer? {
        let name = "painel.oidc.emissor"
        let tokenOrigin = try self.origin("painel.oidc.origem_do_token", values)
        guard let identifier = values.text(name) else {
            if values.text("painel.oidc.cliente") != nil || tokenOrigin != nil { throw .missing(values.key(name)) }
            return nil
        }
        let parts = identifier.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        let origin = parts.prefix(3).joined(separator: "/")
        guard self.isOrigin(origin), !identifier.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw .invalid(
                values.key(name), value: identifier, from: name,
                accepted: "o emissor como o seu documento o escreve: https://id.example ou https://id.example/loja, sem ? nem #")
        }
        let scopes = try values.required("painel.oidc.escopos")
        guard scopes.split(separator: " ").contains("openid") else {
            throw .invalid(
                values.key("painel.oidc.escopos"), value: scopes, from: "painel.oidc.escopos",
                accepted: "escopos separados por espaços, entre eles openid")
        }
        return PainelIssuer(
            identifier: identifier, clientID: try values.required("painel.oidc.cliente"), scopes: scopes,
            origins: [origin] + [tokenOrigin].compactMap { $0 == origin ? nil : $0 })
    }
}
