package import Access
import Contrato
import Edge
import FluxoDeCaixa
import HTTPTypes
import Hummingbird

/// `/v1/consolidados`: shows daily balances.
struct ConsolidadoController: Sendable {
    let service: SaldoService
    let waits: ConsolidationWaits
    /// The longest wait for the entries in `apos`.
    let waitMax: Duration

    var routes: [Route] {
        [
            Route(.get, "/v1/consolidados/{data}", access: .scope(.consolidadoLer)) { try await self.dia($0, $1) },
            Route(.get, "/v1/consolidados", access: .scope(.consolidadoLer)) { try await self.periodo($0, $1) },
        ]
    }

    private func dia(_ request: Request, _ call: CallContext) async throws -> Response {
        let text = try call.parameter("data")
        let (values, faults) = try call.query().values(known: Self.common)
        var collected = FaultCollector(faults)
        let parameters = try Parameters(values, call.identity, &collected)
        let data = collected.collect { () throws(ErrosDeCampo) in try DateParameters.dia(text) }
        try collected.throwIfAny()
        guard let parameters, let data else { throw ErrosDeCampo([]) }
        let headers = try await self.waitUntilApplied(parameters, request, call)
        let saldo = try await Self.answering { () throws(ReadFailure) in try await self.service.dia(data, of: parameters.filtro) }
        guard let periodo = Periodo(de: data, ate: data) else { throw ErrosDeCampo([]) }
        return Self.response(parameters, periodo, versao: saldo.versao, headers, to: request) { form in
            form == .csv ? SaldoCSV.encode([saldo], separador: parameters.separador) : SaldoJSON.encode(saldo)
        }
    }

    private func periodo(_ request: Request, _ call: CallContext) async throws -> Response {
        let (values, faults) = try call.query().values(known: Self.common + ["de", "ate", "agrupar"])
        var collected = FaultCollector(faults)
        let parameters = try Parameters(values, call.identity, &collected)
        let agrupar = collected.collect { () throws(ErrosDeCampo) in try AgruparParameter.read(values["agrupar"]) }
        let diasMax = values["agrupar"] == nil ? DateParameters.periodoMaximoEmDias : DateParameters.periodoAgrupadoMaximoEmDias
        let periodo = collected.collect { () throws(ErrosDeCampo) in
            try DateParameters.periodo(de: values["de"], ate: values["ate"], diasMax: diasMax)
        }
        try collected.throwIfAny()
        guard let parameters, let periodo, let agrupar else { throw ErrosDeCampo([]) }
        let headers = try await self.waitUntilApplied(parameters, request, call)
        let saldo = try await Self.answering { () throws(ReadFailure) in try await self.service.periodo(periodo, of: parameters.filtro) }
        return Self.response(parameters, periodo, versao: saldo.versao, headers, to: request) { form in
            switch (form, agrupar) {
            case (.csv, let agrupar?): SaldoCSV.encode(saldo.agrupado(por: agrupar), separador: parameters.separador)
            case (.csv, nil): SaldoCSV.encode(saldo.dias, separador: parameters.separador)
            case (_, let agrupar?): SaldoJSON.encode(saldo, agrupadoPor: agrupar)
            case (_, nil): SaldoJSON.encode(saldo)
            }
        }
    }

    // MARK: - Common parameters

    private static let common = ["conta", "apos", "separador"]

    private struct Parameters {
        let filtro: FiltroDeConta
        let apos: AposParameter
        let separador: CSVWriter.Separador

        /// Returns nil if a parameter has a fault, which is collected.
        /// - Throws: `conta-nao-permitida`.
        init?(_ values: [String: String], _ identity: Identity, _ collected: inout FaultCollector) throws(Problema) {
            let filtro = collected.collect(try ContaParameter.read(values["conta"], identity))
            let apos = collected.collect { () throws(ErrosDeCampo) in try AposParameter(values["apos"]) }
            let separador = collected.collect { () throws(ErrosDeCampo) in try SeparadorParameter.read(values["separador"]) }
            guard let filtro, let apos, let separador else { return nil }
            self.filtro = filtro
            self.apos = apos
            self.separador = separador
        }
    }

    /// Waits for the entries in `apos`, if any.
    /// - Returns: the headers of the response.
    private func waitUntilApplied(_ parameters: Parameters, _ request: Request, _ call: CallContext) async throws -> HTTPFields {
        var headers = HTTPFields.revalidated
        if parameters.apos.ids.isEmpty { return headers }
        let (wait, appliedS) = parameters.apos.wait(request.headers, longest: self.waitMax)
        if let appliedS { headers[.preferenceApplied] = "wait=\(appliedS)" }
        do throws(ReadFailure) {
            try await call.waiting { () throws(ReadFailure) in
                try await self.waits.waitUntilApplied(
                    parameters.apos.ids, to: parameters.filtro, wait: wait, isWanted: call.body.watchCaller())
            }
        } catch {
            var problem = ProblemaHTTP(error)
            problem.headers[.preferenceApplied] = headers[.preferenceApplied]
            throw problem
        }
        return headers
    }

    private static func answering<Value>(_ read: () async throws(ReadFailure) -> Value) async throws(ProblemaHTTP) -> Value {
        do throws(ReadFailure) {
            return try await read()
        } catch {
            throw ProblemaHTTP(error)
        }
    }

    /// The balance as JSON, or as CSV where the caller prefers it.
    /// - Parameter encode: writes one of the two.
    private static func response(
        _ parameters: Parameters, _ periodo: Periodo, versao: Int64, _ headers: HTTPFields, to request: Request,
        encode: (Representacao) -> [UInt8]
    ) -> Response {
        let representacao = Accept.choose(request.headers, from: [.json, .csv])
        let content = encode(representacao)
        var form = "json"
        var contentHeaders: HTTPFields = [.contentType: Representacao.json.rawValue]
        if representacao == .csv {
            form = parameters.separador == .virgula ? "csv" : "csv-\(parameters.separador.rawValue)"
            let name = SaldoCSV.nomeDoArquivo(conta: parameters.filtro.description, de: periodo.de, ate: periodo.ate)
            contentHeaders = [.contentType: CSVWriter.contentType, .contentDisposition: "attachment; filename=\"\(name)\""]
        }
        let tag = EntityTag(versao: versao, form: form, content: content)
        return .tagged(content, tag, contentHeaders: contentHeaders, headers: headers, for: request)
    }
}

extension ProblemaHTTP {
    /// Maps a failed read to its problem.
    init(_ falha: ReadFailure) {
        let problema =
            switch falha {
            case .indisponivel: Problema(.bancoIndisponivel, detail: "O banco de dados não responde.")
            case .sobrecarga: Problema(.sobrecarga, detail: "Há leituras demais esperando.")
            case .aindaNaoConsolidado:
                Problema(.aindaNaoConsolidado, detail: "Algum dos lançamentos de `apos` ainda não está no saldo pedido.")
            }
        self.init(problema)
    }
}

extension Scope {
    package static let consolidadoLer = Scope(rawValue: "consolidado:ler")
}
