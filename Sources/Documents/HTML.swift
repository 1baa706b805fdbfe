/// Parts of the pages that the services show: no script, no resource from elsewhere.
enum HTML {
    static func page(title: String, body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="pt-BR">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(self.escaped(title))</title>
        <style>
        body { font-family: system-ui, sans-serif; line-height: 1.5; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
        h2 { border-top: 1px solid #ccc; padding-top: 1.5rem; margin-top: 2rem; }
        code, pre { font-family: ui-monospace, monospace; font-size: .92em; background: #f4f4f2; }
        code { padding: .1em .25em; }
        pre { padding: .75rem; overflow-x: auto; }
        pre code { padding: 0; }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #eee; }
        td p { margin: 0; }
        </style>
        </head>
        <body>
        \(body)
        </body>
        </html>

        """
    }

    /// Text as HTML text or as the value of a quoted attribute.
    static func escaped(_ text: some StringProtocol) -> String {
        text.reduce(into: "") { escaped, character in
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
    }
}
