import Contrato
import FluxoDeCaixa
import HTTPTypes
import Hummingbird
package import ServiceKit

/// `/v1/consolidados`: shows daily balances.
package struct ConsolidadoController: Sendable {
    private let service: SaldoService

    package init(service: SaldoService) {
        self.service = service
    }

    /// The calls of this controller.
    package var routes: [Route] {
        [
            Route(.get, "/v1/consolidados/{data}", access: .scope(.consolidadoLer)) { try await self.dia($0, $1) },
            Route(.get, "/v1/consolidados", access: .scope(.consolidadoLer)) { try await self.periodo($0, $1) },
        ]
    }

    /// A balance changes at any moment and belongs to who may see it: no cache may keep it unasked.
    private static let headers: HTTPFields = [.cacheControl: "private, no-cache", .vary: "Accept, Accept-Encoding, Authorization"]

    private func dia(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let text = try scope.parameter("data")
        let (values, faults) = try scope.query().values(known: ["conta"])
        let conta = try ContaParameter.read(values["conta"], scope.identidade)
        var collected = FaultCollector(faults)
        let account = collected.collect(conta)
        let data = collected.collect { () throws(ErrosDeCampo) in try ParametrosDeData.dia(text) }
        try collected.throwIfAny()
        guard let data, case .uma(let account)? = account else { throw Self.umaContaSo }
        do throws(FalhaDeArmazenamento) {
            return .json(SaldoJSON.encode(try await self.service.dia(data, of: account)), headers: Self.headers)
        } catch {
            throw ProblemaHTTP(error)
        }
    }

    private func periodo(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let (values, faults) = try scope.query().values(known: ["conta", "de", "ate"])
        let conta = try ContaParameter.read(values["conta"], scope.identidade)
        var collected = FaultCollector(faults)
        let account = collected.collect(conta)
        let periodo = collected.collect { () throws(ErrosDeCampo) in try ParametrosDeData.periodo(de: values["de"], ate: values["ate"]) }
        try collected.throwIfAny()
        guard let periodo, case .uma(let account)? = account else { throw Self.umaContaSo }
        do throws(FalhaDeArmazenamento) {
            return .json(SaldoJSON.encode(try await self.service.periodo(periodo, of: account)), headers: Self.headers)
        } catch {
            throw ProblemaHTTP(error)
        }
    }

    private static let umaContaSo = Problema(
        ErrosDeCampo(campo: "conta", codigo: .formato, mensagem: "Aqui só o nome de uma conta é aceito."))
}

extension ProblemaHTTP {
    /// The answer to a read that the store could not serve.
    fileprivate init(_ falha: FalhaDeArmazenamento) {
        self.init(Problema(.bancoIndisponivel, detail: "O banco de dados não responde."))
    }
}
