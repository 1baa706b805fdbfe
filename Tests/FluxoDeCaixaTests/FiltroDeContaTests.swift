import FluxoDeCaixa
import SeededRandom
import Testing

@Suite struct FiltroDeContaTests {
    @Test(arguments: ["loja42", "loja42.caixa", "loja42.*", "a.b.*", "*"])
    func `a filter is written as it is read`(texto: String) throws {
        #expect(try #require(FiltroDeConta(parsing: texto)).description == texto)
    }

    @Test(arguments: ["", ".*", "**", "*.*", "a*", "a.**", "a..*", "*.a", "a.*.b", "-.*", "a.* ", "ação.*", "#", "*\u{301}", "a.*\u{301}"])
    func `another filter is refused`(texto: String) {
        #expect(FiltroDeConta(parsing: texto) == nil)
    }

    @Test(arguments: [
        ("loja42", "loja42", true), ("loja42", "loja42.caixa", false), ("loja42", "loja4", false), ("loja42.*", "loja42", false),
        ("loja42.*", "loja42.caixa", true), ("loja42.*", "loja42.a.b", true), ("loja42.*", "loja420", false),
        ("loja42.*", "loja42-x", false),
        ("loja42.*", "Loja42.caixa", false), ("*", "x", true), ("loja42.caixa", "loja42.caixa2", false),
    ])
    func `a filter covers the accounts below its name`(filtro: String, conta: String, cobre: Bool) throws {
        let filtro = try #require(FiltroDeConta(parsing: filtro))
        let conta = try #require(Conta(conta))
        #expect(filtro.cobre(conta) == cobre)
        #expect(filtro.cobre(.uma(conta)) == cobre)
        #expect((filtro.intervalo.desde <= conta.nome && conta.nome < filtro.intervalo.antesDe) == cobre)
    }

    @Test(arguments: [
        ("*", "*", true), ("*", "a.*", true), ("a.*", "*", false), ("a.*", "a.*", true), ("a.*", "a.b.*", true), ("a.b.*", "a.*", false),
        ("a.*", "ab.*", false), ("a", "a.*", false), ("a", "*", false), ("a.*", "a", false), ("a.*", "b.*", false),
    ])
    func `a filter covers another only as a whole`(filtro: String, outro: String, cobre: Bool) throws {
        #expect(try #require(FiltroDeConta(parsing: filtro)).cobre(#require(FiltroDeConta(parsing: outro))) == cobre)
    }

    /// The range of the SQL statements and the rule of the permissions must select the same accounts.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `the range and the rule agree on random names`(semente: UInt64) throws {
        var aleatorio = SeededGenerator(seed: semente)
        let alfabeto: [Character] = Array("aAzZ09_-..")
        let nomes = (0..<4000).map { _ in
            String((0..<Int.random(in: 1...5, using: &aleatorio)).map { _ in alfabeto.randomElement(using: &aleatorio) ?? "a" })
        }
        let contas = nomes.compactMap { Conta($0) }
        try #require(contas.count > 200)
        for _ in 0..<4000 {
            let acima = try #require(contas.randomElement(using: &aleatorio))
            let conta = try #require(contas.randomElement(using: &aleatorio))
            for filtro in [FiltroDeConta.uma(acima), .abaixoDe(acima), .todas] {
                let (desde, antesDe) = filtro.intervalo
                #expect((desde <= conta.nome && conta.nome < antesDe) == filtro.cobre(conta), "\(filtro) \(conta)")
                #expect(FiltroDeConta.queCobrem(conta).contains(filtro) == filtro.cobre(conta), "\(filtro) \(conta)")
            }
        }
    }

    @Test(arguments: [
        (["a", "a"], ["a"]), (["a.b", "a.*", "a"], ["a", "a.*"]), (["*", "a.*", "b"], ["*"]), (["a.b.*", "a.c", "a.*"], ["a.*"]),
        (["b", "a.*", "a.b.c.*", "ab.*"], ["a.*", "ab.*", "b"]), ([], []),
    ])
    func `overlapping filters are left out`(filtros: [String], restantes: [String]) throws {
        let filtros = try filtros.map { try #require(FiltroDeConta(parsing: $0)) }
        for ordem in [filtros, filtros.reversed()] {
            #expect(FiltroDeConta.semSobreposicao(ordem).map(\.description).sorted() == restantes)
        }
    }
}
