import Access
import Contrato
import Edge
import FluxoDeCaixa
import HTTPTypes
import Hummingbird

/// `/v1/contas`: lists accounts.
struct ContasController: Sendable {
    let service: SaldoService

    var routes: [Route] {
        [Route(.get, "/v1/contas", access: .scope(.consolidadoLer)) { try await self.contas($0, $1) }]
    }

    private func contas(_ request: Request, _ call: CallContext) async throws -> Response {
        let (values, faults) = try call.query().values(known: ["conta", "limite", "cursor"])
        var collected = FaultCollector(faults)
        let filtros = try Self.filtros(values["conta"], call.identity, &collected)
        let limit = collected.collect { () throws(ErrosDeCampo) in try LimiteParameter.read(values["limite"]) }
        // The cursor belongs to the filters, so it is not checked if they have a fault.
        let after: Conta? =
            if let text = values["cursor"], let filtros {
                collected.collect { () throws(ErrosDeCampo) in try Self.position(text, filtros) }
            } else { nil }
        try collected.throwIfAny()
        guard let filtros, let limit else { throw ErrosDeCampo([]) }
        do throws(ReadFailure) {
            let page = try await self.service.contas(filtros, after: after?.nome, limit: limit)
            let next = page.temMais ? page.contas.last.map { Cursor(after: $0.conta.nome, filters: Self.names(filtros)).text } : nil
            return .json(ResumoDeContaJSON.encode(page.contas, proximo: next), headers: .revalidated)
        } catch {
            throw ProblemaHTTP(error)
        }
    }

    /// The requested accounts, by default all that the token covers; nil if the parameter has a fault, which is collected.
    private static func filtros(
        _ value: String?, _ identity: Identity, _ collected: inout FaultCollector
    ) throws(Problema) -> [FiltroDeConta]? {
        if value != nil { return collected.collect(try ContaParameter.read(value, identity)).map { [$0] } }
        try identity.requireAnyConta()
        return FiltroDeConta.semSobreposicao(identity.contas)
    }

    private static func position(_ text: String, _ filtros: [FiltroDeConta]) throws(ErrosDeCampo) -> Conta {
        let cursor = try Cursor(parsing: text, filters: self.names(filtros))
        guard let conta = Conta(cursor.position) else { throw Cursor.unreadable }
        return conta
    }

    /// The names of the filters, independent of their order in the token.
    private static func names(_ filtros: [FiltroDeConta]) -> [String] {
        ["contas"] + filtros.map(\.description).sorted()
    }
}
