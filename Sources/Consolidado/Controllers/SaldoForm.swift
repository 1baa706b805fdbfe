import Contrato
import Edge
import FluxoDeCaixa
import HTTPTypes
import Hummingbird

/// Renders balances as JSON or CSV.
struct SaldoForm: Sendable {
    private let representacao: Representacao
    private let separador: CSVWriter.Separador

    init(_ request: Request, separador: CSVWriter.Separador) {
        self.representacao = Accept.choose(request.headers, from: [.json, .csv])
        self.separador = separador
    }

    /// The response with a day. As CSV it is the only row.
    func response(_ saldo: SaldoDiario, headers: HTTPFields, for request: Request) -> Response {
        switch self.representacao {
        case .csv: self.csv([saldo], versao: saldo.versao, headers: headers, for: request)
        case .json, .ndjson: self.json(SaldoJSON.encode(saldo), versao: saldo.versao, headers: headers, for: request)
        }
    }

    /// The response with a period.
    func response(_ saldo: SaldoDoPeriodo, headers: HTTPFields, for request: Request) -> Response {
        switch self.representacao {
        case .csv: self.csv(saldo.dias, versao: saldo.versao, headers: headers, for: request)
        case .json, .ndjson: self.json(SaldoJSON.encode(saldo), versao: saldo.versao, headers: headers, for: request)
        }
    }

    private func json(_ content: [UInt8], versao: Int64, headers: HTTPFields, for request: Request) -> Response {
        .tagged(
            content, EntityTag(versao: versao, form: "json", content: content),
            contentHeaders: [.contentType: Representacao.json.rawValue], headers: headers, for: request
        )
    }

    private func csv(_ dias: [SaldoDiario], versao: Int64, headers: HTTPFields, for request: Request) -> Response {
        let content = SaldoCSV.encode(dias, separador: self.separador)
        var contentHeaders: HTTPFields = [.contentType: CSVWriter.contentType]
        if let first = dias.first, let last = dias.last {
            let name = SaldoCSV.nomeDoArquivo(conta: first.conta, de: first.data, ate: last.data)
            contentHeaders[.contentDisposition] = "attachment; filename=\"\(name)\""
        }
        let form = self.separador == .virgula ? "csv" : "csv-\(self.separador.rawValue)"
        return .tagged(
            content, EntityTag(versao: versao, form: form, content: content), contentHeaders: contentHeaders, headers: headers, for: request
        )
    }
}

/// The headers of every read.
enum SaldoHeaders {
    /// A balance can change at any time and is private to authorized callers, so caches must revalidate it.
    static let standard: HTTPFields = [.cacheControl: "private, no-cache", .vary: "Accept, Accept-Encoding, Authorization"]
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
