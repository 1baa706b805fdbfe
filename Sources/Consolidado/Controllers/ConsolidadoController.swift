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
        return Self.response([saldo], versao: saldo.versao, parameters, headers, to: request) { SaldoJSON.encode(saldo) }
    }

    private func periodo(_ request: Request, _ call: CallContext) async throws -> Response {
        let (values, faults) = try call.query().values(known: Self.common + ["de", "ate"])
        var collected = FaultCollector(faults)
        let parameters = try Parameters(values, call.identity, &collected)
        let periodo = collected.collect { () throws(ErrosDeCampo) in try DateParameters.periodo(de: values["de"], ate: values["ate"]) }
        try collected.throwIfAny()
        guard let parameters, let periodo else { throw ErrosDeCampo([]) }
        let headers = try await self.waitUntilApplied(parameters, request, call)
        let saldo = try await Self.answering { () throws(ReadFailure) in try await self.service.periodo(periodo, of: parameters.filtro) }
        return Self.response(saldo.dias, versao: saldo.versao, parameters, headers, to: request) { SaldoJSON.encode(saldo) }
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

    /// The balance as JSON, or as CSV with one row a day where the caller prefers it.
    private static func response(
        _ dias: [SaldoDiario], versao: Int64, _ parameters: Parameters, _ headers: HTTPFields, to request: Request, json: () -> [UInt8]
    ) -> Response {
        let content: [UInt8]
        var form = "json"
        var contentHeaders: HTTPFields = [.contentType: Representacao.json.rawValue]
        if Accept.choose(request.headers, from: [.json, .csv]) == .csv {
            let separador = parameters.separador
            content = SaldoCSV.encode(dias, separador: separador)
            form = separador == .virgula ? "csv" : "csv-\(separador.rawValue)"
            contentHeaders = [.contentType: CSVWriter.contentType]
            if let first = dias.first, let last = dias.last {
                let name = SaldoCSV.nomeDoArquivo(conta: first.conta, de: first.data, ate: last.data)
                contentHeaders[.contentDisposition] = "attachment; filename=\"\(name)\""
            }
        } else {
            content = json()
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
