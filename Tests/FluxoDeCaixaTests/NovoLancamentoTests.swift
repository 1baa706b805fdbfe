import FluxoDeCaixa
import Testing

@Suite struct NovoLancamentoTests {
    private let base: NovoLancamento

    init() throws {
        base = NovoLancamento(conta: try #require(Conta("loja42")), tipo: .credito, valor: try #require(Valor(parsing: "10")))
    }

    private func com(_ mudar: (inout NovoLancamento) throws -> Void) rethrows -> NovoLancamento {
        var novo = base
        try mudar(&novo)
        return novo
    }

    private func metadados(_ itens: (String, String)...) throws -> Metadados {
        try #require(Metadados(itens.map { Metadados.Item(nome: $0.0, valor: $0.1) }))
    }

    /// Hashes of these bytes are stored without end: a change of the form needs a new version.
    @Test func `the form of version 1 is fixed`() throws {
        let cheio = try com {
            $0.data = Dia(parsing: "2026-11-24")
            $0.descricao = "é"
            $0.metadados = try metadados(("a", "b"))
        }
        var esperado: [UInt8] = [1]
        esperado += [0, 0, 0, 0, 0, 0, 0, 6] + Array("loja42".utf8)
        esperado += [0, 0, 0, 0, 0, 0, 0, 7] + Array("credito".utf8)
        esperado += [0, 0, 0, 0, 0, 0, 0x03, 0xE8]
        esperado += [1, 0, 0, 0, 0, 0, 0, 0, 10] + Array("2026-11-24".utf8)
        esperado += [0, 0, 0, 0, 0, 0, 0, 11] + Array("operacional".utf8)
        esperado += [1, 0, 0, 0, 0, 0, 0, 0, 2, 0xC3, 0xA9]
        esperado += [0, 0]
        esperado += [0, 0, 0, 0, 0, 0, 0, 1]
        esperado += [0, 0, 0, 0, 0, 0, 0, 1] + Array("a".utf8) + [0, 0, 0, 0, 0, 0, 0, 1] + Array("b".utf8)
        #expect(cheio.conteudoNormalizado == esperado)
    }

    @Test func `the same content gives the same bytes`() throws {
        let outro = NovoLancamento(conta: base.conta, tipo: .credito, valor: try #require(Valor(parsing: "10.00")))
        #expect(outro.conteudoNormalizado == base.conteudoNormalizado)
        let comChave = com { $0.chave = Chave(literal: "k") }
        #expect(comChave.conteudoNormalizado == base.conteudoNormalizado)
        #expect(comChave != base)
        let umaOrdem = try com { $0.metadados = try metadados(("a", "1"), ("b", "2")) }
        let outraOrdem = try com { $0.metadados = try metadados(("b", "2"), ("a", "1")) }
        #expect(umaOrdem.conteudoNormalizado == outraOrdem.conteudoNormalizado)
    }

    /// All pairs, not only neighbours: no two contents may give the same bytes.
    @Test func `other content gives other bytes`() throws {
        let dia = try #require(Dia(parsing: "2026-11-24"))
        let variantes = [
            base,
            try com { $0.conta = try #require(Conta("loja43")) },
            com { $0.tipo = .debito },
            try com { $0.valor = try #require(Valor(parsing: "10.01")) },
            com { $0.data = dia },
            com { $0.data = dia.somando(dias: 1) },
            com { $0.natureza = .ajuste },
            com { $0.descricao = "" },
            com { $0.descricao = "x" },
            com { $0.categoria = "x" },
            com { $0.referencia = "x" },
            com { $0.descricao = "\u{E9}" },
            com { $0.descricao = "e\u{301}" },
            com { $0.descricao = "2026-11-24" },
            com {
                $0.descricao = "x"
                $0.categoria = "y"
            },
            com {
                $0.descricao = "y"
                $0.categoria = "x"
            },
            com {
                $0.categoria = "x"
                $0.referencia = "y"
            },
            try com { $0.metadados = try metadados(("a", "1")) },
            try com { $0.metadados = try metadados(("a", "1"), ("b", "2")) },
            try com { $0.metadados = try metadados(("a", "2"), ("b", "1")) },
            try com { $0.metadados = try metadados(("a1", "")) },
            try com { $0.metadados = try metadados(("", "a1")) },
            try com { $0.metadados = try metadados(("a", "")) },
        ]
        #expect(Set(variantes.map(\.conteudoNormalizado)).count == variantes.count)
        for (posicao, variante) in variantes.enumerated() { #expect(variantes.firstIndex(of: variante) == posicao) }
    }
}
