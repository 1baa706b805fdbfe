import Access
import Contrato
package import Edge
import FluxoDeCaixa
import HTTPTypes
import Hummingbird
import NIOCore

/// `GET /v1/lancamentos`: the newest entries page by page, or the whole extract as a stream.
package struct ListaController: Sendable {
    private let service: LancamentoService
    private let extracts: ConcurrencySlots

    /// - Parameter concurrentExtractsMax: extracts written at the same time; beyond it the answer is 503.
    package init(service: LancamentoService, concurrentExtractsMax: Int) {
        self.service = service
        self.extracts = ConcurrencySlots(max: concurrentExtractsMax)
    }

    /// The call of this controller.
    package var routes: [Route] {
        [Route(.get, "/v1/lancamentos", access: .scope(.lancamentosLer)) { try await self.listar($0, $1) }]
    }

    /// Entries belong to who may see them, and new ones come at any moment: no cache may keep a list unasked.
    private static let headers: HTTPFields = [.cacheControl: "private, no-cache", .vary: "Accept, Accept-Encoding, Authorization"]

    private static let parameters = ["conta"] + ParametrosDaLista.filtros + ["limite", "cursor", "separador"]

    private func listar(_ request: Request, _ scope: RequestScope) async throws -> Response {
        let (values, queryFaults) = try scope.query().values(known: Self.parameters)
        let conta = try ContaParameter.read(values["conta"], scope.identidade)
        var faults = FaultCollector(queryFaults)
        let account = faults.collect(conta)
        let filtro = faults.collect { () throws(ErrosDeCampo) in try ParametrosDaLista.filtro(values, conta: account ?? .todas) }
        let separador = faults.collect { () throws(ErrosDeCampo) in try SeparadorParameter.read(values["separador"]) }
        let form = Accept.choose(request.headers, from: [.json, .csv, .ndjson])
        guard form == .json else {
            for name in ["limite", "cursor"] where values[name] != nil {
                faults.add(
                    name, .desconhecido,
                    "Em \(form.rawValue) a lista vem inteira; este parâmetro só existe em \(Representacao.json.rawValue).")
            }
            try faults.throwIfAny()
            guard let filtro, let separador else { preconditionFailure("what is missing has its fault") }
            return try await self.extract(filtro, form, separador)
        }
        let limit = faults.collect { () throws(ErrosDeCampo) in try LimiteParameter.read(values["limite"]) }
        let last = faults.collect { () throws(ErrosDeCampo) in try Self.position(values["cursor"], account == nil ? nil : filtro) }
        try faults.throwIfAny()
        guard let filtro, let limit, let last else { preconditionFailure("what is missing has its fault") }
        return try await self.page(filtro, after: last, limit: limit)
    }

    private func page(_ filtro: FiltroDeLancamentos, after last: LancamentoID?, limit: Int) async throws -> Response {
        // One more than asked for says whether there are more.
        let found = try await self.read(filtro, .newestFirst, after: last, limit: limit + 1)
        let items = found.prefix(limit)
        var writer = JSONWriter(capacidadeEmBytes: 512 * (items.count + 1))
        writer.object { writer in
            writer.name("itens")
            writer.array { writer in
                for item in items { LancamentoJSON.write(item, to: &writer) }
            }
            writer.name("proximo")
            if found.count > limit, let last = items.last {
                writer.string(Cursor(after: last.id.description, filters: Self.filters(filtro)).text)
            } else {
                writer.null()
            }
        }
        return .json(writer.bytes, headers: Self.headers)
    }

    private func extract(
        _ filtro: FiltroDeLancamentos, _ form: Representacao, _ separador: CSVWriter.Separador
    ) async throws -> Response {
        guard let slot = self.extracts.take() else {
            throw ProblemaHTTP(Problema(.sobrecarga, detail: "Já há \(self.extracts.max) extratos em andamento; tente mais tarde."))
        }
        // The first page comes before the answer begins: a database that is away is told as such.
        let first = try await self.read(filtro, .oldestFirst, after: nil, limit: Extract.pageEntriesMax)
        var headers = Self.headers
        headers[.contentType] = form == .csv ? CSVWriter.contentType : form.rawValue
        if form == .csv { headers[.contentDisposition] = "attachment; filename=\"lancamentos.csv\"" }
        let service = self.service
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                // Held until the last page is written.
                defer { withExtendedLifetime(slot) {} }
                var encoder = ExtractEncoder(form: form, separador: separador)
                var page = first
                while true {
                    try await writer.write(ByteBuffer(bytes: encoder.encode(page)))
                    guard page.count == Extract.pageEntriesMax, let last = page.last else { break }
                    page = try await Extract.nextPage(service, filtro, after: last.id)
                }
                try await writer.finish(nil)
            })
    }

    private func read(
        _ filtro: FiltroDeLancamentos, _ order: ListOrder, after last: LancamentoID?, limit: Int
    ) async throws(ProblemaHTTP) -> [Lancamento] {
        do throws(FalhaDeArmazenamento) {
            return try await self.service.listar(filtro, order, after: last, limit: limit)
        } catch {
            throw ProblemaHTTP(error)
        }
    }

    /// Where a cursor goes on; nil is the beginning.
    private static func position(_ cursor: String?, _ filtro: FiltroDeLancamentos?) throws(ErrosDeCampo) -> LancamentoID? {
        // Without a filter, which has its faults told, a cursor has nothing that it could belong to.
        guard let cursor, let filtro else { return nil }
        let text = try Cursor(parsing: cursor, filters: Self.filters(filtro)).position
        guard let id = LancamentoID(parsing: text) else { throw Cursor.unreadable }
        return id
    }

    private static func filters(_ filtro: FiltroDeLancamentos) -> [String?] {
        [
            filtro.conta.description, filtro.de?.description, filtro.ate?.description, filtro.tipo?.rawValue, filtro.natureza?.rawValue,
            filtro.categoria, filtro.referencia, filtro.chave?.texto,
        ]
    }
}
