import Contrato
package import FluxoDeCaixa
import Postgres
import Storage

extension Registration {
    /// Reads the columns `id, conta, tipo, valor, data, natureza, descricao, categoria, referencia, metadados::text, registrado_por, canal,
    /// chave, estorno_de, estornado_por, conteudo`.
    ///
    /// Each query names them itself, in this order: SQL text is made of literals only.
    init(_ columns: inout PostgresColumns) throws(PostgresError) {
        let lancamento = Lancamento(
            id: try columns.next(),
            conta: try columns.next(),
            tipo: try columns.next(),
            valor: try columns.next(),
            data: try columns.next(),
            natureza: try columns.next(),
            descricao: try columns.nextIfPresent(),
            categoria: try columns.nextIfPresent(),
            referencia: try columns.nextIfPresent(),
            metadados: try columns.nextIfPresent() ?? .vazio,
            registradoPor: try columns.nextIfPresent(),
            canal: try columns.next(),
            chave: try columns.nextIfPresent(),
            estornoDe: try columns.nextIfPresent(),
            estornadoPor: try columns.nextIfPresent()
        )
        self.init(lancamento: lancamento, conteudo: try columns.nextIfPresent(PostgresBytes.self)?.bytes)
    }
}

/// JSON text for the column `metadados`, which is null without any.
extension Metadados: PostgresConvertible {
    package var postgresValue: String {
        LancamentoJSON.text(of: self) ?? "{}"
    }

    package init?(postgresValue json: String) {
        guard case .object(let members)? = try? JSONReader.read(Array(json.utf8)) else { return nil }
        var itens: [Item] = []
        for member in members {
            guard case .string(let valor) = member.value else { return nil }
            itens.append(Item(nome: member.name, valor: valor))
        }
        self.init(itens)
    }
}
