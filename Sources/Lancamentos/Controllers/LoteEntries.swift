import Access
import Contrato
import Edge
import FluxoDeCaixa

/// Reads the entries of a lote for one caller. Reading the same bytes again gives the same result.
struct LoteEntryReader: Sendable {
    enum Reading {
        case entry(NovoLancamento)
        case refused(Problema)
        /// The bytes break the grammar of JSON; in an array, the rest cannot be read.
        case unreadable(JSONError)
    }

    private let identity: Identity
    private let reader: LancamentoReader
    private let exigirChave: Bool

    /// - Parameter hoje: the day of the request, the same for the whole lote.
    init(identity: Identity, hoje: Dia, exigirChave: Bool) {
        self.identity = identity
        self.reader = LancamentoReader(janela: JanelaDeDatas(hoje: hoje), chave: .accepted)
        self.exigirChave = exigirChave
    }

    /// Returns the entry or the first refusal that applies: unreadable, key, account, all other faults at once.
    func read(_ bytes: [UInt8]) -> Reading {
        do {
            return .entry(try self.entry(try JSONReader.read(bytes)))
        } catch let error as JSONError {
            return error.reason.breaksGrammar ? .unreadable(error) : .refused(Problema(error))
        } catch let problema as Problema {
            return .refused(problema)
        } catch {
            return .refused(Problema(.ilegivel, detail: "O lançamento não pôde ser lido."))
        }
    }

    private func entry(_ json: JSONValue) throws(Problema) -> NovoLancamento {
        let leitura = self.reader.read(json)
        try self.checkKey(leitura)
        try self.identity.require(contaDe: leitura)
        do throws(LancamentoRecusado) {
            return try leitura.get()
        } catch {
            throw Problema(ErrosDeCampo(error.erros))
        }
    }

    private func checkKey(_ leitura: Result<NovoLancamento, LancamentoRecusado>) throws(Problema) {
        let chave: LancamentoRecusado.ChaveLida =
            switch leitura {
            case .success(let novo): novo.chave.map { .lida($0) } ?? .ausente
            case .failure(let recusa): recusa.chave
            }
        switch chave {
        case .malformada:
            throw Problema(
                .chaveInvalida,
                detail: "`chave` tem de 1 a \(Chave.comprimentoMaximoEmCaracteres) caracteres visíveis de ASCII (0x21 a 0x7E)."
            )
        case .ausente where self.exigirChave: throw Problema(.chaveInvalida, detail: "Falta o membro `chave`.")
        case .ausente, .lida, .deOutroTipo: break
        }
    }
}

struct LoteLines: Sendable {
    let reader: LoteEntryReader
    let simulates: Bool
    let urlPublica: String
    let requestID: String

    /// Returns one line per outcome; the first line has the index `first`.
    func lines(_ outcomes: [EntryOutcome], from first: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(outcomes.count * 80)
        for (offset, outcome) in outcomes.enumerated() {
            var writer = JSONWriter(reservedBytes: 128)
            writer.object { self.members(&$0, outcome, first + offset) }
            bytes += writer.bytes
            bytes.append(0x0A)
        }
        return bytes
    }

    private func members(_ writer: inout JSONWriter, _ outcome: EntryOutcome, _ index: Int) {
        writer.member("indice", index)
        if self.simulates { writer.member("simulado", true) }
        if let line = outcome.line { writer.member("linha", line) }
        switch outcome {
        case .registered(let id): Self.found(&writer, 201, id)
        case .replayed(let id, _): Self.found(&writer, 200, id)
        case .wouldRegister(let tipo, let valor, let data, _):
            writer.member("status", 200)
            writer.member("tipo", tipo.rawValue)
            writer.member("valor", valor.description)
            writer.member("data", data.description)
        case .wouldRepeat: writer.member("status", 200)
        case .failed(let failure, let temChave, _): self.problem(&writer, ProblemaHTTP(failure, temChave: temChave).problema)
        case .refused(let bytes):
            switch self.reader.read(bytes) {
            case .refused(let problema): self.problem(&writer, problema)
            case .unreadable(let error): self.problem(&writer, Problema(error))
            case .entry: preconditionFailure("an entry that was refused is good when it is read again")
            }
        case .refusedRow(let problema, _): self.problem(&writer, problema)
        case .malformed(let fault, _): self.problem(&writer, Problema(.ilegivel, detail: fault.mensagem))
        case .tooLarge:
            let detail = "O lançamento tem mais de \(LotePiece.bytesMax) bytes."
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

extension Identity {
    /// - Throws: `conta-nao-permitida` if the entry, valid or refused, names an account that the caller may not use.
    func require(contaDe leitura: Result<NovoLancamento, LancamentoRecusado>) throws(Problema) {
        let conta: Conta? =
            switch leitura {
            case .success(let novo): novo.conta
            case .failure(let recusa): recusa.conta
            }
        if let conta { try self.require(conta: conta) } else { try self.requireAnyConta() }
    }
}
