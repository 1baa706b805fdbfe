import FluxoDeCaixa
import Testing

/// A registered entry for tests of encoders.
enum Exemplo {
    static let id = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    static let outroID = "017f22e2-79b1-7cc3-98c4-dc0c0c07398f"

    static func minimo() throws -> Lancamento {
        Lancamento(
            id: try #require(LancamentoID(parsing: id)),
            conta: try #require(Conta("loja42.caixa")),
            tipo: .credito,
            valor: try #require(Valor(parsing: "150.7")),
            data: try #require(Dia(parsing: "2022-02-22")),
            canal: .rest
        )
    }

    static func completo() throws -> Lancamento {
        var lancamento = try minimo()
        lancamento.tipo = .debito
        lancamento.natureza = .transferencia
        lancamento.descricao = "Água \"e\" luz"
        lancamento.categoria = "casa"
        lancamento.referencia = "NF 1"
        lancamento.metadados = try #require(Metadados([Metadados.Item(nome: "b", valor: "2"), Metadados.Item(nome: "a", valor: "1")]))
        lancamento.registradoPor = "ana"
        lancamento.canal = .fila
        lancamento.chave = Chave(literal: "k-1")
        lancamento.estornoDe = LancamentoID(parsing: outroID)
        lancamento.estornadoPor = LancamentoID(parsing: outroID)
        return lancamento
    }
}
