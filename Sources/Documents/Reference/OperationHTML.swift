import Contrato

/// One call: what it does and accepts on one side, examples on the other.
struct OperationHTML {
    /// The service whose process shows the page.
    let servedBy: PublishedDocument.Service
    let schemas: SchemaReader
    let markdown: MarkdownHTML
    let site: SitePaths

    private var members: MembersHTML { MembersHTML(markdown: self.markdown) }

    func html(_ operation: APIOperation) throws -> HTML {
        """
        <article class="operation" aria-labelledby="\(operation.id)">
        <div class="explanation">
        <h3 id="\(operation.id)"><a class="anchor" href="#\(operation.id)">\(try self.markdown.inline(operation.summary))</a></h3>
        <p class="call"><span class="method \(operation.method.lowercased())">\(operation.method)</span> <code>\(operation.path)</code></p>
        \(self.access(operation))\(try self.markdown.render(operation.description))\
        \(try self.parameters(operation))\(try self.body(operation))\(try self.answers(operation))\
        </div>
        <div class="examples">
        \(self.examples(operation))\(TryForm(operation: operation, isServedHere: self.isServedHere(operation), site: self.site).html)\
        </div>
        </article>

        """
    }

    /// Both services have the calls that need no token.
    private func isServedHere(_ operation: APIOperation) -> Bool {
        operation.isOpen || operation.service == self.servedBy
    }

    private func access(_ operation: APIOperation) -> HTML {
        guard let scope = operation.scope else { return "<p class=\"access\">Sem token.</p>\n" }
        return "<p class=\"access\">Escopo: <a href=\"\(self.site.link("/docs#escopos"))\"><code>\(scope)</code></a></p>\n"
    }

    // MARK: - In

    private func parameters(_ operation: APIOperation) throws -> HTML {
        let titles: [APIOperation.Parameter.Place: String] = [
            .path: "Parâmetros do caminho", .query: "Parâmetros da consulta", .header: "Cabeçalhos do pedido",
        ]
        var html: HTML = ""
        for place in APIOperation.Parameter.Place.allCases {
            let terms = try operation.parameters(in: place).map { parameter in
                MembersHTML.Term(
                    name: parameter.name, isRequired: parameter.isRequired, shape: try self.schemas.shape(parameter.schema),
                    description: parameter.description)
            }
            guard !terms.isEmpty else { continue }
            html += "<h4>\(titles[place] ?? "")</h4>\n\(try self.members.list(terms, anchor: "\(operation.id).\(place.rawValue)"))"
        }
        return html
    }

    private func body(_ operation: APIOperation) throws -> HTML {
        var html: HTML = ""
        for media in self.grouped(operation.body.map { ([], $0) }) {
            let note = operation.isBodyRequired ? "obrigatório" : "opcional"
            let anchor = "\(operation.id).pedido\(html.isEmpty ? "" : ".\(Self.short(media.types[0]))")"
            let types: [HTML] = media.types.map { "<code>\($0)</code>" }
            html += """
                <h4>Corpo do pedido <span class="note">\(note)</span></h4>
                <p class="media">\(types.joined(by: " ou "))</p>
                \(try self.members.content(self.schemas.shape(media.schema), anchor: anchor))
                """
        }
        return html
    }

    // MARK: - Out

    private func answers(_ operation: APIOperation) throws -> HTML {
        let statuses: [HTML] = try operation.answers.map { answer in
            let links: HTML =
                "\(self.site.problems(answer.problems))\(self.site.problems(answer.lineProblems, in: "Em uma linha da resposta: "))"
            return """
                <div class="member" id="\(operation.id).\(answer.status)">
                <dt><a class="anchor" href="#\(operation.id).\(answer.status)">\
                <code class="status s\(String(answer.status.prefix(1)))">\(answer.status)</code></a></dt>
                <dd>\(try self.markdown.render(answer.description))\(links)</dd>
                </div>

                """
        }
        return "<h4>Respostas</h4>\n<dl class=\"members statuses\">\n\(statuses)</dl>\n"
            + (try self.bodies(operation)) + (try self.headers(operation))
    }

    private func bodies(_ operation: APIOperation) throws -> HTML {
        let media = operation.answers.flatMap { answer in answer.media.map { ([answer.status], $0) } }
        var html: HTML = ""
        for (position, body) in self.grouped(media).enumerated() {
            let content = try self.members.content(
                self.schemas.shape(body.schema), anchor: "\(operation.id).resposta\(position == 0 ? "" : ".\(position + 1)")")
            let types: [HTML] = body.types.map { "<code>\($0)</code>" }
            let title: HTML = "Corpo de \(body.statuses.joined(separator: " e ")): \(types.joined(by: " ou "))"
            if content.isEmpty {
                html += "<p class=\"media\">\(title)</p>\n"
            } else {
                html += "<details class=\"answer-body\"><summary>\(title)</summary>\n\(content)</details>\n"
            }
        }
        return html
    }

    /// Each header once, with the statuses that have it.
    private func headers(_ operation: APIOperation) throws -> HTML {
        var names: [String] = []
        for name in operation.answers.flatMap({ $0.headers.map(\.name) }) where !names.contains(name) { names.append(name) }
        let terms = try names.map { name in
            let headers = operation.answers.compactMap { answer in
                answer.headers.first { $0.name == name }.map { (status: answer.status, value: $0.value) }
            }
            let isEverywhere = headers.count == operation.answers.count
            let statuses = isEverywhere ? "Em toda resposta." : "Em \(headers.map(\.status).joined(separator: ", "))."
            return MembersHTML.Term(
                name: name, isRequired: false, shape: try self.schemas.shape(headers[0].value["schema"] ?? .bool(true)),
                description: [headers[0].value["description"]?.text ?? "", statuses].filter { !$0.isEmpty }.joined(separator: " "))
        }
        return """
            <details class="answer-body"><summary>Cabeçalhos da resposta</summary>
            \(try self.members.list(terms, anchor: "\(operation.id).cabecalhos"))</details>

            """
    }

    /// Bodies of one schema, shown once.
    private func grouped(_ media: [([String], APIOperation.Media)]) -> [(statuses: [String], types: [String], schema: JSONValue)] {
        var groups: [(statuses: [String], types: [String], schema: JSONValue)] = []
        for (statuses, one) in media {
            if let position = groups.firstIndex(where: { $0.schema == one.schema }) {
                for status in statuses where !groups[position].statuses.contains(status) { groups[position].statuses.append(status) }
                if !groups[position].types.contains(one.type) { groups[position].types.append(one.type) }
            } else {
                groups.append((statuses, [one.type], one.schema))
            }
        }
        return groups
    }

    private static func short(_ type: String) -> String {
        type.split(separator: "/").last.map { String($0.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }) } ?? ""
    }

    // MARK: - Examples

    private func examples(_ operation: APIOperation) -> HTML {
        let call = ExampleCall(operation)
        let answers: [HTML] = (operation.goodAnswer?.media ?? []).compactMap { media in
            guard let text = media.exampleText, let status = operation.goodAnswer?.status else { return nil }
            let isJSON = media.isLines || media.type == "application/json"
            return CodeBlock(language: isJSON ? "json" : "text", text: text, caption: "\(status), \(media.type)").html
        }
        return CodeBlock(language: "curl", text: call.curl, caption: "curl").html
            + CodeBlock(language: "python", text: call.python, caption: "Python").html + "\(answers)"
    }
}
