import Contrato
import Edge
import FluxoDeCaixa

/// Writes the answer lines of a lote.
struct LoteLines: Sendable {
    let reader: LoteEntryReader
    let urlPublica: String
    let requestID: String

    /// One line for each outcome, the first with this index.
    func lines(_ outcomes: [LoteOutcome], from first: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(outcomes.count * 80)
        for (offset, outcome) in outcomes.enumerated() {
            var writer = JSONWriter(capacidadeEmBytes: 128)
            writer.object { self.members(&$0, outcome, first + offset) }
            bytes += writer.bytes
            bytes.append(0x0A)
        }
        return bytes
    }

    private func members(_ writer: inout JSONWriter, _ outcome: LoteOutcome, _ index: Int) {
        writer.member("indice", index)
        switch outcome {
        case .registered(let id): Self.found(&writer, 201, id)
        case .replayed(let id): Self.found(&writer, 200, id)
        case .failed(let failure, let temChave): self.problem(&writer, ProblemaHTTP(failure, temChave: temChave).problema)
        case .refused(let bytes):
            switch self.reader.read(bytes) {
            case .refused(let problema): self.problem(&writer, problema)
            case .unreadable(let error): self.problem(&writer, Problema(error))
            case .entry: preconditionFailure("an entry that was refused is good when it is read again")
            }
        case .tooLarge:
            let detail = "O lançamento tem mais de \(PedacoDoLote.tamanhoMaximoEmBytes) bytes."
            self.problem(&writer, Problema(.corpoGrande, detail: detail))
        case .ended(let problema): self.problem(&writer, problema)
        }
    }

    private static func found(_ writer: inout JSONWriter, _ status: Int, _ id: LancamentoID) {
        writer.member("status", status)
        writer.member("id", id.description)
    }

    private func problem(_ writer: inout JSONWriter, _ problema: Problema) {
        writer.member("status", problema.nome.status)
        writer.name("erro")
        problema.write(to: &writer, urlPublica: self.urlPublica, requestID: self.requestID)
    }
}
