import Testing

@testable import Documents

@Suite struct MarkdownHTMLTests {
    @Test(arguments: [
        ("", ""),
        ("a\nb\n\nc", "<p>a b</p>\n<p>c</p>\n"),
        ("# Título", "<h1>Título</h1>\n"),
        ("a\n## nome\nb", "<p>a</p>\n<h2 id=\"nome\"><a href=\"#nome\">nome</a></h2>\n<p>b</p>\n"),
        ("- a\n  b\n- c\n\nd", "<ul>\n<li>a b</li>\n<li>c</li>\n</ul>\n<p>d</p>\n"),
        ("a `b<c` **d** e", "<p>a <code>b&lt;c</code> <strong>d</strong> e</p>\n"),
        ("a `**b**` & <i>", "<p>a <code>**b**</code> &amp; &lt;i&gt;</p>\n"),
        ("um ` só, dois ** só", "<p>um ` só, dois ** só</p>\n"),
    ])
    func rendersWhatOurTextsUse(markdown: String, html: String) {
        #expect(MarkdownHTML.render(markdown) == html)
    }

    @Test func nothingIsTakenForHTML() {
        #expect(HTML.escaped("<a href=\"x\">&</a>") == "&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;")
        #expect(MarkdownHTML.render("## \"><script>").contains("<script>") == false)
    }
}
