/// The published texts of `config/`, compiled in, so that the programs answer with them from any folder and in any container.
///
/// `Texts/` holds links into `config/`: SwiftPM embeds only what lies inside a module, people look for these files there.
package enum Documents {
    /// The REST contract of the entry service: OpenAPI 3.1, YAML.
    package static let openAPILancamentos = String(decoding: PackageResources.openapi_lancamentos_yaml, as: UTF8.self)
    /// The REST contract of the consolidation service: OpenAPI 3.1, YAML.
    package static let openAPIConsolidado = String(decoding: PackageResources.openapi_consolidado_yaml, as: UTF8.self)
    /// What every problem means: Markdown, a section a name.
    package static let problemas = String(decoding: PackageResources.problemas_md, as: UTF8.self)

    /// JSON Schemas by the names under which they are served, `/esquemas/<name>`.
    package static let esquemas: [(name: String, json: [UInt8])] = [
        ("lancamento-registrado-v1.json", PackageResources.lancamento_registrado_v1_json),
        ("consolidado-atualizado-v1.json", PackageResources.consolidado_atualizado_v1_json),
    ]

    /// The base of every address in these texts; what is served has the configured `url_publica` instead.
    package static let urlPublica = "http://localhost:8080"
}
