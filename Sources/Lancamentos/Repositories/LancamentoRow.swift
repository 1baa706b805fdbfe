import Contrato
import FluxoDeCaixa
import Postgres

/// How an entry lies in a row of `lancamentos`.
///
/// Queries name the columns in this order (SQL text comes from literals only, so the list cannot be put in from here): `id, conta, tipo, valor,
/// data, natureza, descricao, categoria, referencia, metadados::text, registrado_por, canal, chave, estorno_de, estornado_por, conteudo`.
enum LancamentoRow {
    /// Reads an entry whose columns begin at `first`.
    static func decode(_ row: PostgresRow, from first: Int = 0) throws(PostgresError) -> Registration {
        guard
            let conta = Conta(try row.decode(first + 1, as: String.self)),
            let tipo = Tipo(rawValue: try row.decode(first + 2)),
            let valor = Valor(centavos: try row.decode(first + 3)),
            let data = Dia(diasDesde2000: try row.decode(first + 4, as: PostgresDate.self).daysSince2000),
            let natureza = Natureza(rawValue: try row.decode(first + 5)),
            let metadados = Self.metadados(try row.decodeIfPresent(first + 9)),
            let canal = Canal(rawValue: try row.decode(first + 11))
        else { throw PostgresError(unreadable: "a stored entry breaks the rules of entries") }
        let chave = try row.decodeIfPresent(first + 12, as: String.self).flatMap { Chave(literal: $0) }
        let lancamento = Lancamento(
            id: LancamentoID(bits: try row.decode(first, as: PostgresUUID.self).bits),
            conta: conta,
            tipo: tipo,
            valor: valor,
            data: data,
            natureza: natureza,
            descricao: try row.decodeIfPresent(first + 6),
            categoria: try row.decodeIfPresent(first + 7),
            referencia: try row.decodeIfPresent(first + 8),
            metadados: metadados,
            registradoPor: try row.decodeIfPresent(first + 10),
            canal: canal,
            chave: chave,
            estornoDe: try row.decodeIfPresent(first + 13, as: PostgresUUID.self).map { LancamentoID(bits: $0.bits) },
            estornadoPor: try row.decodeIfPresent(first + 14, as: PostgresUUID.self).map { LancamentoID(bits: $0.bits) }
        )
        return Registration(
            lancamento: lancamento,
            conteudo: try row.decodeIfPresent(first + 15, as: PostgresBytes.self)?.bytes
        )
    }

    /// The JSON text for the column `metadados`; nil without any.
    static func json(_ metadados: Metadados) -> String? {
        LancamentoJSON.text(of: metadados)
    }

    private static func metadados(_ json: String?) -> Metadados? {
        guard let json else { return .vazio }
        guard case .object(let members)? = try? JSONReader.read(Array(json.utf8)) else { return nil }
        var itens: [Metadados.Item] = []
        for member in members {
            guard case .string(let valor) = member.value else { return nil }
            itens.append(Metadados.Item(nome: member.name, valor: valor))
        }
        return Metadados(itens)
    }
}
