extension Documents {
    /// The merchant's page: HTML.
    static let painelPage = PackageResources.index_html

    /// What the page loads, by the names under which it is served, `/painel/<name>`.
    package static let painelFiles: [(name: String, bytes: [UInt8])] = [
        ("accounts.js", PackageResources.accounts_js),
        ("api.js", PackageResources.api_js),
        ("categories.js", PackageResources.categories_js),
        ("chart.js", PackageResources.chart_js),
        ("clock.js", PackageResources.clock_js),
        ("dates.js", PackageResources.dates_js),
        ("dom.js", PackageResources.dom_js),
        ("entries.js", PackageResources.entries_js),
        ("entry.js", PackageResources.entry_js),
        ("icone.svg", PackageResources.icone_svg),
        ("import.js", PackageResources.import_js),
        ("jwt.js", PackageResources.jwt_js),
        ("live.js", PackageResources.live_js),
        ("money.js", PackageResources.money_js),
        ("month.js", PackageResources.month_js),
        ("oidc.js", PackageResources.oidc_js),
        ("painel.css", PackageResources.painel_css),
        ("painel.js", PackageResources.painel_js),
        ("period.js", PackageResources.period_js),
        ("preview.js", PackageResources.preview_js),
        ("register.js", PackageResources.register_js),
        ("router.js", PackageResources.router_js),
        ("session.js", PackageResources.session_js),
    ]
}
