import Testing

@testable import Documents

@Suite struct MarkdownTests {
    private static let markdown = MarkdownHTML(links: { $0.hasPrefix("#") ? $0 : nil })

    @Test(arguments: [
        ("", ""),
        ("a\nb\n\nc", "<p>a b</p>\n<p>c</p>\n"),
        ("# Título", "<h1>Título</h1>\n"),
        ("a\n## nome\nb", "<p>a</p>\n<h2 id=\"nome\"><a class=\"anchor\" href=\"#nome\">nome</a></h2>\n<p>b</p>\n"),
        ("### Não é à toa", "<h3 id=\"nao-e-a-toa\"><a class=\"anchor\" href=\"#nao-e-a-toa\">Não é à toa</a></h3>\n"),
        ("- a\n  b\n- c\n\nd", "<ul>\n<li>a b</li>\n<li>c</li>\n</ul>\n<p>d</p>\n"),
        ("1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"),
        ("a `b<c` **d** e", "<p>a <code>b&lt;c</code> <strong>d</strong> e</p>\n"),
        ("a `**b**` & <i>", "<p>a <code>**b**</code> &amp; &lt;i&gt;</p>\n"),
        ("a **b `c` d**", "<p>a <strong>b <code>c</code> d</strong></p>\n"),
        ("[a `b`](#c), [d]", "<p><a href=\"#c\">a <code>b</code></a>, [d]</p>\n"),
        ("snake_case", "<p>snake_case</p>\n"),
        (
            "```text\n# a\n\n  <b>\n```",
            "<figure class=\"code\" data-language=\"text\"><pre><code># a\n\n  &lt;b&gt;</code></pre></figure>\n"
        ),
    ])
    func `what our texts use is rendered`(markdown: String, html: String) throws {
        #expect(try Self.markdown.render(markdown).markup == html)
    }

    @Test(arguments: [
        "um ` só", "dois ** só", "um * só", "> citação", "| a | b |", "<b>a</b>", "---", "* a", "#### a", "#a", "- a\n  - b", "    código",
        "```sh\na", "_a_", "a\\*b", "![a](#b)", "[a](b)", "- a\n  ```sh",
    ])
    func `everything else is an error`(markdown: String) {
        #expect(throws: UnsupportedMarkdown.self) { try Self.markdown.render(markdown) }
    }

    @Test func `nothing is read as HTML`() throws {
        #expect(HTML.escaped("<a href=\"x\">&</a>") == "&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;")
        #expect(try Self.markdown.render("## \"><script>").markup.contains("<script>") == false)
        let text = "<i>"
        #expect(("<b>\(text)</b>" as HTML).markup == "<b>&lt;i&gt;</b>")
    }

    @Test func `JSON is marked by what its texts are`() {
        let block = CodeBlock(language: "json", text: "{\"a\": \"b\\\"<\", \"c\": 1}")
        #expect(
            block.html.markup.contains(
                "<code>{<span class=\"name\">&quot;a&quot;</span>: <span class=\"text\">&quot;b\\&quot;&lt;&quot;</span>, "
                    + "<span class=\"name\">&quot;c&quot;</span>: 1}</code>"))
    }
}
