/// The members of a value as a list of terms: name, type, meaning and limits, with members of members inside.
struct MembersHTML {
    /// One term of the list; a parameter or header too.
    struct Term {
        let name: String
        let isRequired: Bool
        let shape: ValueShape
        /// Has precedence over the shape's.
        var description = ""
    }

    let markdown: MarkdownHTML

    /// - Parameter anchor: the beginning of every term's `id`.
    func list(_ shape: ValueShape, anchor: String) throws -> HTML {
        guard !shape.members.isEmpty else { return "" }
        return try self.list(shape.members.map { Term(name: $0.name, isRequired: $0.isRequired, shape: $0.shape) }, anchor: anchor)
    }

    func list(_ terms: [Term], anchor: String) throws -> HTML {
        let items: [HTML] = try terms.map { try self.term($0, anchor: "\(anchor).\($0.name)") }
        return "<dl class=\"members\">\n\(items)</dl>\n"
    }

    /// What a value is, for a body or part of one: meaning, limits, then members or alternatives.
    func content(_ shape: ValueShape, anchor: String) throws -> HTML {
        var html: HTML = ""
        if !shape.description.isEmpty { html += try self.markdown.render(shape.description) }
        html += self.limits(shape.limits)
        html += try self.list(shape, anchor: anchor)
        for (position, alternative) in shape.alternatives.enumerated() {
            let title = alternative.title.isEmpty ? "Forma \(position + 1)" : alternative.title
            html += "<p class=\"alternative\">\(title)</p>\n\(try self.content(alternative, anchor: "\(anchor).\(position + 1)"))"
        }
        return html
    }

    private func term(_ term: Term, anchor: String) throws -> HTML {
        let shape = term.shape
        let type = shape.type.singular + (shape.isNullable ? " ou null" : "")
        let required: HTML = term.isRequired ? " <span class=\"required\">obrigatório</span>" : ""
        let description = term.description.isEmpty ? shape.description : term.description
        return """
            <div class="member" id="\(anchor)">
            <dt><a class="anchor" href="#\(anchor)"><code>\(term.name)</code></a> <span class="type">\(type)</span>\(required)</dt>
            <dd>\(try self.markdown.render(description))\(self.limits(shape.limits))\(try self.inner(term, anchor: anchor))</dd>
            </div>

            """
    }

    private func inner(_ term: Term, anchor: String) throws -> HTML {
        let shape = term.shape
        guard !shape.members.isEmpty || !shape.alternatives.isEmpty else { return "" }
        let inside = ValueShape(type: shape.type, members: shape.members, alternatives: shape.alternatives)
        return """
            <details class="inner"><summary>Membros de <code>\(term.name)</code></summary>
            \(try self.content(inside, anchor: anchor))</details>
            """
    }

    private func limits(_ limits: [ValueShape.Limit]) -> HTML {
        guard !limits.isEmpty else { return "" }
        let items: [HTML] = limits.map { limit in
            let codes: [HTML] = limit.codes.map { " <code>\($0)</code>" }
            return "<li>\(limit.text)\(codes)</li>"
        }
        return "<ul class=\"limits\">\(items)</ul>\n"
    }
}
