/// What all pages have: the column on the left, a menu on a phone.
struct Contents {
    struct Item {
        let title: String
        /// From the root of the service, with or without a fragment.
        let path: String
    }

    struct Group {
        let title: String
        let items: [Item]
    }

    let groups: [Group]

    func html(_ site: SitePaths, current: String) -> HTML {
        let groups: [HTML] = self.groups.map { group in
            let items: [HTML] = group.items.map { item in
                let mark: HTML = item.path == current ? " aria-current=\"page\"" : ""
                return "<li><a href=\"\(site.link(item.path))\"\(mark)>\(item.title)</a></li>\n"
            }
            return "<p>\(group.title)</p>\n<ul>\n\(items)</ul>\n"
        }
        return """
            <nav class="contents" id="conteudo-do-site" aria-label="Conteúdo">
            <a class="close" href="#principal">Fechar o conteúdo</a>
            \(groups)</nav>

            """
    }
}
