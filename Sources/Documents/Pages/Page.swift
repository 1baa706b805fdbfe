/// A page of the site: landmarks, contents and search around what it says. Nothing is loaded from elsewhere.
struct Page {
    /// From the root of the service.
    let path: String
    let title: String
    let body: HTML

    private static let name = "Fluxo de Caixa"

    func html(_ contents: Contents, servedBy service: PublishedDocument.Service) -> String {
        let site = SitePaths(page: self.path)
        let title = self.title.hasPrefix(Self.name) ? self.title : "\(self.title) · \(Self.name)"
        let html: HTML = """
            <!DOCTYPE html>
            <html lang="pt-BR">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title)</title>
            <link rel="stylesheet" href="\(site.link("/docs/pagina.css"))">
            <script src="\(site.link("/docs/pagina.js"))" defer></script>
            </head>
            <body data-root="\(site.link("/"))" data-service="\(service.rawValue)">
            <a class="skip" href="#principal">Ir para o texto</a>
            <header class="top">
            <a class="menu" href="#conteudo-do-site">Conteúdo</a>
            <a class="brand" href="\(site.link("/docs"))">\(Self.name) <span>API</span></a>
            <div class="search" role="search" aria-label="Busca na documentação">
            <label class="hidden" for="busca">Buscar na documentação</label>
            <input id="busca" type="search" role="combobox" aria-expanded="false" aria-controls="achados" aria-autocomplete="list" \
            placeholder="Buscar ( / )" autocomplete="off" spellcheck="false" maxlength="60">
            <ul id="achados" role="listbox" aria-label="Achados"></ul>
            </div>
            </header>
            \(contents.html(site, current: self.path))\
            <main id="principal" tabindex="-1">
            \(self.body)\
            </main>
            <footer><a href="\(site.link("/docs/openapi-lancamentos.json"))">openapi-lancamentos.json</a>
            <a href="\(site.link("/docs/openapi-consolidado.json"))">openapi-consolidado.json</a>
            <a href="\(site.link("/docs/asyncapi.yaml"))">asyncapi.yaml</a>
            <a href="\(site.link("/problemas"))">Problemas</a></footer>
            </body>
            </html>

            """
        return html.markup
    }
}
