/// The published texts of `config/`, compiled in, so that the programs serve them from any folder and in any container.
///
/// `Texts/` contains links into `config/`: SwiftPM embeds only files inside a module, and people look for these files in `config/`.
package enum Documents {
    /// The REST contract of the entry service: OpenAPI 3.1, YAML.
    package static let openAPILancamentos = String(decoding: PackageResources.openapi_lancamentos_yaml, as: UTF8.self)
    /// The REST contract of the consolidation service: OpenAPI 3.1, YAML.
    package static let openAPIConsolidado = String(decoding: PackageResources.openapi_consolidado_yaml, as: UTF8.self)
    /// The settings of the entry service: YAML, every key with its default.
    package static let settingsLancamentos = String(decoding: PackageResources.lancamentos_yaml, as: UTF8.self)
    /// The settings of the consolidation service: YAML, every key with its default.
    package static let settingsConsolidado = String(decoding: PackageResources.consolidado_yaml, as: UTF8.self)
    /// The meaning of every problem: Markdown, a section per name.
    package static let problemas = String(decoding: PackageResources.problemas_md, as: UTF8.self)

    /// JSON Schemas by the names under which they are served, `/esquemas/<name>`.
    package static let esquemas: [(name: String, json: [UInt8])] = [
        ("lancamento-registrado-v1.json", PackageResources.lancamento_registrado_v1_json),
        ("consolidado-atualizado-v1.json", PackageResources.consolidado_atualizado_v1_json),
    ]

    /// The base of every address in these texts; served texts have the configured `url_publica` instead.
    package static let urlPublica = "http://localhost:8080"
}
