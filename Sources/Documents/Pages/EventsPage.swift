import Contrato

/// `/docs/eventos`: exchanges, queues and messages, from the AsyncAPI document.
struct EventsPage {
    static let path = "/docs/eventos"

    let document: OpenAPIDocument

    private let site = SitePaths(page: Self.path)
    private var markdown: MarkdownHTML { self.site.markdown(headingShift: 3) }
    private var members: MembersHTML { MembersHTML(markdown: self.markdown) }
    private var schemas: SchemaReader { SchemaReader(document: self.document) }

    init(document: OpenAPIDocument) {
        self.document = document
    }

    func page() throws -> Page {
        let info = self.document.value["info"]
        let ours = try self.channels.filter { self.isQueue($0.value) }.map { try self.channel($0) }
        let shared = try self.channels.filter { !self.isQueue($0.value) }.map { try self.channel($0) }
        let body: HTML = """
            <div class="prose"><h1>Eventos, comandos e respostas</h1>
            \(try self.markdown.render(Self.text(info?["description"])))\(try self.servers())\
            <p>O documento para programas: <a href="\(self.site.link("/docs/asyncapi.yaml"))">asyncapi.yaml</a> (AsyncAPI 3.0).</p></div>
            \(self.section("canais", "O que se acompanha e se manda", shared))\
            \(self.section("mensagens", "Mensagens", try self.messages()))\
            \(self.section("filas-do-servico", "As filas do próprio serviço", ours))
            """
        return Page(path: Self.path, title: "Eventos, comandos e respostas", body: body)
    }

    /// The sections of the page, for the contents.
    var contents: [Contents.Item] {
        let channels = self.channels.filter { !self.isQueue($0.value) }
        return [Contents.Item(title: "Como funciona", path: Self.path)]
            + channels.map { Contents.Item(title: Self.text($0.value["title"]), path: "\(Self.path)#\($0.name)") }
            + [Contents.Item(title: "Mensagens", path: "\(Self.path)#mensagens")]
    }

    /// The messages by their names in the document.
    var messageMembers: [JSONMember] { self.document.value["components"]?["messages"]?.members ?? [] }

    private var channels: [JSONMember] { self.document.value["channels"]?.members ?? [] }

    private func isQueue(_ channel: JSONValue) -> Bool {
        channel["bindings"]?["amqp"]?["queue"] != nil
    }

    private func section(_ id: String, _ title: String, _ parts: [HTML]) -> HTML {
        """
        <section aria-labelledby="\(id)">
        <h2 id="\(id)"><a class="anchor" href="#\(id)">\(title)</a></h2>
        \(parts)</section>

        """
    }

    private func servers() throws -> HTML {
        let items: [HTML] = try (self.document.value["servers"]?.members ?? []).map { server in
            let description = try self.markdown.inline(Self.text(server.value["description"]))
            let protocolName = "\(Self.text(server.value["protocol"])) \(Self.text(server.value["protocolVersion"]))"
            return "<li><code>\(Self.text(server.value["host"]))</code>, \(protocolName): \(description)</li>"
        }
        return "<p>Servidor:</p>\n<ul>\(items)</ul>\n"
    }

    // MARK: - Channels

    private func channel(_ channel: JSONMember) throws -> HTML {
        let value = channel.value
        let binding = value["bindings"]?["amqp"]
        let address = value["address"]?.text
        let parameters = try (value["parameters"]?.members ?? []).map { parameter in
            MembersHTML.Term(name: parameter.name, isRequired: false, shape: try self.schemas.shape(parameter.value))
        }
        let messages: [HTML] = (value["messages"]?.members ?? []).compactMap { message in
            guard let name = message.value["$ref"]?.text?.split(separator: "/").last else { return nil }
            return "<a href=\"#\(String(name))\">\(Self.text(self.document.resolved(message.value)["title"]))</a>"
        }
        let place: HTML =
            if let exchange = binding?["exchange"]?["name"]?.text {
                "<p class=\"call\"><span class=\"method\">exchange</span> <code>\(exchange)</code></p>\n"
                    + "<p class=\"call\"><span class=\"method\">chave</span> <code>\(address ?? "")</code></p>\n"
            } else if let address {
                "<p class=\"call\"><span class=\"method\">fila</span> <code>\(address)</code></p>\n"
            } else {
                ""
            }
        return """
            <article class="channel" aria-labelledby="\(channel.name)">
            <h3 id="\(channel.name)"><a class="anchor" href="#\(channel.name)">\(Self.text(value["title"]))</a></h3>
            \(place)\(try self.markdown.render(Self.text(value["description"])))\(try self.operations(on: channel.name))\
            \(parameters.isEmpty ? "" : try self.members.list(parameters, anchor: channel.name))\
            <p>Mensagens: \(messages.joined(by: ", ")).</p>
            </article>

            """
    }

    /// What the services do with a channel.
    private func operations(on channel: String) throws -> HTML {
        let reference = "#/channels/\(channel)"
        let operations = (self.document.value["operations"]?.members ?? []).filter { $0.value["channel"]?["$ref"]?.text == reference }
        let parts: [HTML] = try operations.map { operation in
            let value = operation.value
            let reply = try self.markdown.inline(Self.text(value["reply"]?["address"]?["description"]))
            let answer: HTML = reply.isEmpty ? "" : "<p><strong>Resposta.</strong> \(reply)</p>\n"
            return """
                <p><strong>O serviço \(value["action"]?.text == "send" ? "manda" : "recebe").</strong> \
                \(try self.markdown.inline(Self.text(value["summary"])))</p>
                \(try self.markdown.render(Self.text(value["description"])))\(answer)
                """
        }
        return "\(parts)"
    }

    // MARK: - Messages

    private func messages() throws -> [HTML] {
        try self.messageMembers.map { message in
            let (value, id) = (message.value, message.name)
            let properties = JSONValue.object([JSONMember(name: "properties", value: value["x-propriedades"] ?? .object([]))])
            return """
                <article class="operation" aria-labelledby="\(id)">
                <div class="explanation">
                <h3 id="\(id)"><a class="anchor" href="#\(id)">\(Self.text(value["title"]))</a></h3>
                <p class="call"><code>\(Self.text(value["name"]))</code> <span class="note">\(Self.text(value["contentType"]))</span></p>
                \(try self.markdown.render(Self.text(value["summary"])))\
                \(self.site.problems((value["x-problemas"]?.elements ?? []).compactMap(\.text)))\
                \(try self.part("Propriedades AMQP", properties, "\(id).propriedades"))\
                \(try self.part("Cabeçalhos", value["headers"], "\(id).cabecalhos"))\
                \(try self.part("Corpo", value["payload"], "\(id).corpo"))\
                </div>
                <div class="examples">\(self.examples(of: value))</div>
                </article>

                """
        }
    }

    private func part(_ title: String, _ schema: JSONValue?, _ anchor: String) throws -> HTML {
        guard let schema else { return "" }
        let content = try self.members.content(self.schemas.shape(schema), anchor: anchor)
        return content.isEmpty ? "" : "<h4>\(title)</h4>\n\(content)"
    }

    private func examples(of message: JSONValue) -> HTML {
        var html: HTML = ""
        for example in message["examples"]?.elements ?? [] {
            for (caption, name) in [("cabeçalhos", "headers"), ("corpo", "payload")] {
                guard let value = example[name] else { continue }
                html += CodeBlock(language: "json", text: JSONText.indented(value), caption: caption).html
            }
        }
        return html
    }

    private static func text(_ value: JSONValue?) -> String {
        value?.text ?? ""
    }
}
