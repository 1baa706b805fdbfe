import Contrato
import Edge
import FluxoDeCaixa

/// Reads an extract page by page, each in a statement of its own: however slowly the client reads, no connection and no snapshot is held.
enum Extract {
    /// Entries read at once.
    static let pageEntriesMax = 1000

    /// A page that cannot be read now is tried again: the answer has begun, so there is no status left to tell the failure with.
    private static let pauses: [Duration] = [.milliseconds(100), .milliseconds(500), .seconds(2)]

    /// - Throws: ``FalhaDeArmazenamento`` after the last try. The answer must then be broken off, so that nobody takes a part for the whole.
    static func nextPage(
        _ service: LancamentoService, _ filtro: FiltroDeLancamentos, after last: LancamentoID
    ) async throws -> [Lancamento] {
        for pause in self.pauses {
            do throws(FalhaDeArmazenamento) {
                return try await service.listar(filtro, .oldestFirst, after: last, limit: self.pageEntriesMax)
            } catch {
                try await Task.sleep(for: pause)
            }
        }
        return try await service.listar(filtro, .oldestFirst, after: last, limit: self.pageEntriesMax)
    }
}

/// Writes the pages of an extract as one document.
struct ExtractEncoder {
    private let form: Representacao
    private var csv: CSVWriter

    init(form: Representacao, separador: CSVWriter.Separador) {
        self.form = form
        self.csv = CSVWriter(separador: separador, capacidadeEmBytes: 256 * 1024)
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
