import Contrato
import FluxoDeCaixa
import Testing

/// The reader and an independent model of the contract agree on 100,000 random entries: on the accepted entry and on every fault.
@Suite(.serialized) struct LancamentoReaderPropertyTests {
    private static let lancamentosPorSemente = 6250

    @Test(arguments: 1...16 as ClosedRange<UInt64>)
    func `the reader says of every entry what the contract says`(semente: UInt64) async throws {
        let hoje = try #require(Dia(parsing: "2026-11-24"))
        var gerador = LancamentoAleatorio(semente: semente)
        let janela = JanelaDeDatas(hoje: hoje)
        let formas = [true, false].map { chaveDentro in
            (
                modelo: ModeloDeLancamento(primeiroDia: "2016-11-24", ultimoDia: "2026-11-25", chaveDentro: chaveDentro),
                leitor: LancamentoReader(janela: janela, chave: chaveDentro ? .accepted : .refused)
            )
        }
        var aceitos = 0
        for numero in 0..<Self.lancamentosPorSemente {
            // Other tests, some with time limits, share the few threads.
            if numero.isMultiple(of: 10) { await Task.yield() }
            let (modelo, leitor) = formas[numero % 2]
            let membros = gerador.membros()
            let esperado = modelo.julgar(membros)
            let texto = gerador.json(.objeto(membros))
            let visto = Self.veredito(leitor.read(try JSONReader.read(Array(texto.utf8))))
            if case .aceito = esperado { aceitos += 1 }
            guard visto != esperado else { continue }
            Issue.record("\(texto)\nexpected \(esperado)\nsaw      \(visto)")
            return
        }
        // Both accepted and refused entries occurred.
        #expect((Self.lancamentosPorSemente / 5...Self.lancamentosPorSemente * 4 / 5).contains(aceitos), "\(aceitos) accepted")
    }

    private static func veredito(_ lido: Result<NovoLancamento, LancamentoRecusado>) -> ModeloDeLancamento.Veredito {
        switch lido {
        case .failure(let recusa):
            return .recusado(
                recusa.erros.map { "\($0.campo) \($0.codigo.rawValue)" }.sorted(), chaveMalformada: recusa.chave == .malformada)
        case .success(let novo):
            var textos: [String: [UInt8]] = [:]
            for (campo, texto) in [("descricao", novo.descricao), ("categoria", novo.categoria), ("referencia", novo.referencia)] {
                if let texto { textos[campo] = Array(texto.utf8) }
            }
            let itens = novo.metadados.itens.map { (Array($0.nome.utf8), Array($0.valor.utf8)) }
            return .aceito(
                ModeloDeLancamento.Aceito(
                    conta: novo.conta.nome, tipo: novo.tipo.rawValue, centavos: novo.valor.centavos, data: novo.data?.description,
                    natureza: novo.natureza.rawValue, textos: textos, metadados: Dictionary(uniqueKeysWithValues: itens),
                    chave: novo.chave?.texto))
        }
    }
}
