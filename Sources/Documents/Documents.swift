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

    /// What precedes the calls on the page `/docs`: Markdown.
    static let introducao = String(decoding: PackageResources.introducao_md, as: UTF8.self)
    /// The versions of the contract: Markdown.
    static let mudancas = String(decoding: PackageResources.mudancas_md, as: UTF8.self)
    /// The AMQP contract: AsyncAPI 3.0, YAML.
    static let asyncAPI = String(decoding: PackageResources.asyncapi_yaml, as: UTF8.self)
    /// The pages' own style sheet and script.
    static let styleSheet = PackageResources.pagina_css
    static let script = PackageResources.pagina_js

    /// The guides in the order in which they are read: Markdown, by the names under which they are served, `/docs/guias/<name>`.
    package static let guias: [(name: String, text: String)] = [
        ("registrar-com-curl", PackageResources.registrar_com_curl_md), ("registrar-com-python", PackageResources.registrar_com_python_md),
        ("repetir-com-seguranca", PackageResources.repetir_com_seguranca_md), ("ler-o-que-gravou", PackageResources.ler_o_que_gravou_md),
        ("importar-arquivo", PackageResources.importar_arquivo_md), ("conciliar-por-csv", PackageResources.conciliar_por_csv_md),
        ("comandos-e-eventos", PackageResources.comandos_e_eventos_md),
        ("acompanhar-sem-perder", PackageResources.acompanhar_sem_perder_md),
    ].map { ($0.0, String(decoding: $0.1, as: UTF8.self)) }

    /// JSON Schemas by the names under which they are served, `/esquemas/<name>`.
    package static let esquemas: [(name: String, json: [UInt8])] = [
        ("lancamento-registrado-v1.json", PackageResources.lancamento_registrado_v1_json),
        ("consolidado-atualizado-v1.json", PackageResources.consolidado_atualizado_v1_json),
    ]

    /// The base of every address in these texts; served texts have the configured `url_publica` instead.
    package static let urlPublica = "http://localhost:8080"
}
