import Access
import Contrato
package import Edge
import FluxoDeCaixa
import HTTPTypes
import Hummingbird
import NIOCore
import Storage

/// `GET /v1/lancamentos/totais`: what entries moved in a period, grouped.
package struct TotaisController: Sendable {
    private static let parameters = ["conta", "por", "separador"] + ListParameters.filtros

    private let service: TotaisService
    private let slots: ConcurrencySlots

    /// - Parameter concurrentMax: totals computed at the same time; another one is answered with 503.
    package init(service: TotaisService, concurrentMax: Int) {
        self.service = service
        self.slots = ConcurrencySlots(max: concurrentMax)
    }

    package var routes: [Route] {
        [Route(.get, "/v1/lancamentos/totais", access: .scope(.lancamentosLer)) { try await self.totais($0, $1) }]
    }

    private func totais(_ request: Request, _ call: CallContext) async throws -> Response {
        let (values, queryFaults) = try call.query().values(known: Self.parameters)
        let conta = try ContaParameter.read(values["conta"], call.identity)
        var faults = FaultCollector(queryFaults)
        let account = faults.collect(conta)
        let periodo = faults.collect { () throws(ErrosDeCampo) in try DateParameters.periodo(de: values["de"], ate: values["ate"]) }
        // The period has its own rules.
        let others = values.filter { $0.key != "de" && $0.key != "ate" }
        let filtro = faults.collect { () throws(ErrosDeCampo) in try ListParameters.filtro(others, conta: account ?? .todas) }
        let por = faults.collect { () throws(ErrosDeCampo) in try PorParameter.read(values["por"]) }
        let separador = faults.collect { () throws(ErrosDeCampo) in try SeparadorParameter.read(values["separador"]) }
        try faults.throwIfAny()
        guard let periodo, var filtro, let por, let separador else { preconditionFailure("what is missing has its fault") }
        (filtro.de, filtro.ate) = (periodo.de, periodo.ate)

        guard let totais = try await self.read(filtro, por) else {
            let mensagem = "Há mais de \(TotaisService.groupsMax) grupos; escolha outro `por`, um período menor ou mais filtros."
            throw Problema(ErrosDeCampo(campo: "por", codigo: .tamanho, mensagem: mensagem))
        }
        guard Accept.choose(request.headers, from: [.json, .csv]) == .csv else {
            return .json(TotaisJSON.encode(totais, conta: filtro.conta, periodo: periodo), headers: .revalidated)
        }
        var headers = HTTPFields.revalidated
        headers[.contentType] = CSVWriter.contentType
        headers[.contentDisposition] = "attachment; filename=\"totais.csv\""
        let bytes = TotaisCSV.encode(totais, separador: separador)
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private func read(
        _ filtro: FiltroDeLancamentos, _ por: [TotaisDeLancamentos.Agrupamento]
    ) async throws -> TotaisDeLancamentos? {
        guard let slot = self.slots.take() else {
            throw ProblemaHTTP(Problema(.sobrecarga, detail: "Já há \(self.slots.max) totais em andamento; tente mais tarde."))
        }
        defer { withExtendedLifetime(slot) {} }
        do throws(StorageFailure) {
            return try await self.service.totais(filtro, por: por)
        } catch {
            throw ProblemaHTTP(error)
        }
    }
}
