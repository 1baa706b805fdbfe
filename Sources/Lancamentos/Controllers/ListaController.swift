import Access
import Contrato
package import Edge
import FluxoDeCaixa
import HTTPTypes
import Hummingbird
import NIOCore
import Storage

/// `GET /v1/lancamentos`: the newest entries in pages, or the whole extract as a stream.
package struct ListaController: Sendable {
    private let service: LancamentoService
    private let extracts: ConcurrencySlots

    /// - Parameter concurrentExtractsMax: extracts written at the same time; another one is answered with 503.
    package init(service: LancamentoService, concurrentExtractsMax: Int) {
        self.service = service
        self.extracts = ConcurrencySlots(max: concurrentExtractsMax)
    }

    package var routes: [Route] {
        [Route(.get, "/v1/lancamentos", access: .scope(.lancamentosLer)) { try await self.list($0, $1) }]
    }

    private static let parameters = ["conta"] + ListParameters.filtros + ["limite", "cursor", "separador", "ordem"]

    private func list(_ request: Request, _ call: CallContext) async throws -> Response {
        let (values, queryFaults) = try call.query().values(known: Self.parameters)
        let conta = try ContaParameter.read(values["conta"], call.identity)
        var faults = FaultCollector(queryFaults)
        let account = faults.collect(conta)
        let filtro = faults.collect { () throws(ErrosDeCampo) in try ListParameters.filtro(values, conta: account ?? .todas) }
        let separador = faults.collect { () throws(ErrosDeCampo) in try SeparadorParameter.read(values["separador"]) }
        let ordem = faults.collect { () throws(ErrosDeCampo) in try OrdemParameter.read(values["ordem"]) }
        let form = Accept.choose(request.headers, from: [.json, .csv, .ndjson])
        guard form == .json else {
            for name in ["limite", "cursor"] where values[name] != nil {
                faults.add(
                    name, .desconhecido,
                    "Em \(form.rawValue) a lista vem inteira; este parâmetro só existe em \(Representacao.json.rawValue).")
            }
            try faults.throwIfAny()
            guard let filtro, let separador, let ordem else { preconditionFailure("what is missing has its fault") }
            return try await self.extract(filtro, ordem.extract, form, separador)
        }
        let limit = faults.collect { () throws(ErrosDeCampo) in try LimiteParameter.read(values["limite"]) }
        let last = faults.collect { () throws(ErrosDeCampo) in try Self.position(values["cursor"], account == nil ? nil : filtro, ordem) }
        try faults.throwIfAny()
        guard let filtro, let limit, let last, let ordem else { preconditionFailure("what is missing has its fault") }
        return try await self.page(filtro, ordem, after: last, limit: limit)
    }

    private func page(
        _ filtro: FiltroDeLancamentos, _ ordem: OrdemParameter, after last: ListPosition?, limit: Int
    ) async throws -> Response {
        // One entry more than the page shows whether there are more.
        let found: [Lancamento]
        do throws(LookUpFailure) {
            found = try await self.service.list(filtro, ordem.list, after: last, limit: limit + 1)
        } catch {
            throw ProblemaHTTP(error, id: nil)
        }
        let items = found.prefix(limit)
        var writer = JSONWriter(reservedBytes: 512 * (items.count + 1))
        writer.object { writer in
            writer.array("itens") { writer in
                for item in items { LancamentoJSON.write(item, to: &writer) }
            }
            let last = found.count > limit ? items.last : nil
            let position = last.map { ordem.text(of: ListPosition($0)) }
            writer.member("proximo", orNull: position.map { Cursor(after: $0, filters: Self.filters(filtro, ordem)).text })
        }
        return .json(writer.bytes, headers: .revalidated)
    }

    private func extract(
        _ filtro: FiltroDeLancamentos, _ order: ListOrder, _ form: Representacao, _ separador: CSVWriter.Separador
    ) async throws -> Response {
        guard let slot = self.extracts.take() else {
            throw ProblemaHTTP(Problema(.sobrecarga, detail: "Já há \(self.extracts.max) extratos em andamento; tente mais tarde."))
        }
        // The first page is read before the answer begins, so that an unavailable database is answered with its status.
        let first: [Lancamento]
        do throws(StorageFailure) {
            first = try await self.service.extract(filtro, order, after: nil, limit: Extract.pageEntriesMax)
        } catch {
            throw ProblemaHTTP(error)
        }
        var headers = HTTPFields.revalidated
        headers[.contentType] = form == .csv ? CSVWriter.contentType : form.rawValue
        if form == .csv { headers[.contentDisposition] = "attachment; filename=\"lancamentos.csv\"" }
        let service = self.service
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                // Holds the slot until the last page is written.
                defer { withExtendedLifetime(slot) {} }
                var encoder = ExtractEncoder(form: form, separador: separador)
                var page = first
                while true {
                    try await writer.write(ByteBuffer(bytes: encoder.encode(page)))
                    guard page.count == Extract.pageEntriesMax, let last = page.last else { break }
                    page = try await Extract.nextPage(service, filtro, order, after: ListPosition(last))
                }
                try await writer.finish(nil)
            })
    }

    /// Returns the position of a cursor; nil is the start.
    private static func position(
        _ cursor: String?, _ filtro: FiltroDeLancamentos?, _ ordem: OrdemParameter?
    ) throws(ErrosDeCampo) -> ListPosition? {
        // Without a valid filter, whose faults are reported, the cursor cannot be checked.
        guard let cursor, let filtro, let ordem else { return nil }
        let text = try Cursor(parsing: cursor, filters: Self.filters(filtro, ordem)).position
        guard let position = ordem.position(text) else { throw Cursor.unreadable }
        return position
    }

    private static func filters(_ filtro: FiltroDeLancamentos, _ ordem: OrdemParameter) -> [String?] {
        let filters = [
            filtro.conta.description, filtro.de?.description, filtro.ate?.description, filtro.tipo?.rawValue, filtro.natureza?.rawValue,
            filtro.categoria, filtro.referencia, filtro.chave?.texto,
        ]
        // Cursors from before there was another order stay valid.
        return ordem == .registro ? filters : filters + [ordem.rawValue]
    }
}

/// The parameter `ordem` of the list.
enum OrdemParameter: String, CaseIterable, Sendable {
    /// By id: the order of an absent parameter, which has no name of its own.
    case registro = ""
    /// By day, then by id.
    case data

    /// - Throws: a fault of `ordem`.
    static func read(_ value: String?) throws(ErrosDeCampo) -> OrdemParameter {
        guard let value else { return .registro }
        guard value.utf8.elementsEqual(OrdemParameter.data.rawValue.utf8) else {
            throw ErrosDeCampo(campo: "ordem", codigo: .valorNaoAceito, mensagem: "Aceita-se `data`: por dia, e no mesmo dia por registro.")
        }
        return .data
    }

    /// Pages begin with the newest, an extract with the oldest.
    var list: ListOrder { self == .data ? .latestDayFirst : .newestFirst }
    var extract: ListOrder { self == .data ? .earliestDayFirst : .oldestFirst }

    /// Returns a position as the text of a cursor.
    func text(of position: ListPosition) -> String {
        self == .data ? "\(position.data) \(position.id)" : position.id.description
    }

    /// Reads the text of a cursor; nil if it is none of this order.
    func position(_ text: String) -> ListPosition? {
        guard self == .data else { return LancamentoID(parsing: text).map { ListPosition(id: $0, data: .primeiro) } }
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, let data = Dia(parsing: String(parts[0])), let id = LancamentoID(parsing: String(parts[1])) else {
            return nil
        }
        return ListPosition(id: id, data: data)
    }
}

/// Reads an extract in pages with one statement each, so that a slow client holds neither a connection nor a snapshot.
enum Extract {
    static let pageEntriesMax = 1000

    /// The pauses before a failed page is read again. The answer has begun, so a status can no longer report the failure.
    private static let pauses: [Duration] = [.milliseconds(100), .milliseconds(500), .seconds(2)]

    /// - Throws: ``StorageFailure`` after the last attempt. The caller must then abort the answer, so that it does not look complete.
    static func nextPage(
        _ service: LancamentoService, _ filtro: FiltroDeLancamentos, _ order: ListOrder, after last: ListPosition
    ) async throws -> [Lancamento] {
        for pause in self.pauses {
            do throws(StorageFailure) {
                return try await service.extract(filtro, order, after: last, limit: self.pageEntriesMax)
            } catch {
                try await Task.sleep(for: pause)
            }
        }
        return try await service.extract(filtro, order, after: last, limit: self.pageEntriesMax)
    }
}

/// Writes the pages of an extract as one document.
struct ExtractEncoder {
    private let form: Representacao
    private var csv: CSVWriter

    init(form: Representacao, separador: CSVWriter.Separador) {
        self.form = form
        self.csv = CSVWriter(separador: separador, reservedBytes: 256 * 1024)
        if form == .csv { self.csv.header(LancamentoCSV.colunas) }
    }

    mutating func encode(_ page: [Lancamento]) -> [UInt8] {
        guard self.form == .csv else {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(512 * page.count)
            for lancamento in page {
                bytes += LancamentoJSON.encode(lancamento)
                bytes.append(0x0A)
            }
            return bytes
        }
        for lancamento in page { LancamentoCSV.write(lancamento, to: &self.csv) }
        return self.csv.take()
    }
}
