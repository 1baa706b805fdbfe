/// A form that sends one call from the page; the script shows and serves it.
struct TryForm {
    let operation: APIOperation
    /// Whether the process that shows the page has the call.
    let isServedHere: Bool
    let site: SitePaths

    var html: HTML {
        let id = "\(self.operation.id).experimentar"
        return """
            <details class="try"><summary>Experimentar<span class="hidden"> \(self.operation.id)</span></summary>
            <form data-method="\(self.operation.method)" data-path="\(self.operation.path)" data-open="\(self.operation.isOpen ? "sim" : "nao")">
            \(self.note)\(self.operation.parameters.map { self.field($0, id: id) })\(self.body(id: id))\
            <button type="submit">Enviar</button>
            <div class="answer" role="status"></div>
            </form></details>

            """
    }

    private var note: HTML {
        var html: HTML = ""
        if !self.operation.isOpen {
            html += "<p>Com o token informado em <a href=\"\(self.site.link("/docs#autenticacao"))\">Autenticação</a>.</p>\n"
        }
        if !self.isServedHere {
            html += """
                <p>Quem mostra esta página é o outro serviço. Se os dois não têm o mesmo endereço, a resposta daqui é 404: abra
                <code>/docs#\(self.operation.id)</code> no endereço do <strong>\(self.operation.service.rawValue)</strong>
                (na sua máquina, a porta \(self.operation.service == .lancamentos ? 8080 : 8081)).</p>

                """
        }
        return html
    }

    private func field(_ parameter: APIOperation.Parameter, id: String) -> HTML {
        let places: [APIOperation.Parameter.Place: String] = [.path: "caminho", .query: "consulta", .header: "cabeçalho"]
        let field = "\(id).\(parameter.place.rawValue).\(parameter.name)"
        let value = parameter.example.map(SchemaReader.shown) ?? ""
        return """
            <p class="field"><label for="\(field)"><code>\(parameter.name)</code> \(places[parameter.place] ?? "")\
            \(parameter.isRequired ? ", obrigatório" : "")</label>
            <input id="\(field)" name="\(parameter.name)" data-place="\(parameter.place.rawValue)" value="\(value)" \
            autocomplete="off" spellcheck="false"></p>

            """
    }

    private func body(id: String) -> HTML {
        guard let first = self.operation.body.first else { return "" }
        let options: [HTML] = self.operation.body.map { "<option>\($0.type)</option>" }
        return """
            <p class="field"><label for="\(id).tipo"><code>Content-Type</code></label>
            <select id="\(id).tipo" data-place="type">\(options)</select></p>
            <p class="field"><label for="\(id).corpo">corpo</label>
            <textarea id="\(id).corpo" data-place="body" rows="6" spellcheck="false">\(first.exampleText ?? "")</textarea></p>

            """
    }
}
