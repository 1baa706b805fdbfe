import Access
import Contrato
import FluxoDeCaixa

/// Reads one entry of a lote for one caller. The same bytes give the same answer as often as they are read.
struct LoteEntryReader: Sendable {
    enum Reading {
        case entry(NovoLancamento)
        case refused(Problema)
        /// The bytes break JSON's grammar; in an array, what follows cannot be told from them.
        case unreadable(JSONError)
    }

    private let identidade: Identidade
    private let reader: LancamentoReader
    private let exigirChave: Bool

    /// - Parameter hoje: the caller's day; the same for the whole lote.
    init(identidade: Identidade, hoje: Dia, exigirChave: Bool) {
        self.identidade = identidade
        self.reader = LancamentoReader(janela: JanelaDeDatas(hoje: hoje), chave: .aceito)
        self.exigirChave = exigirChave
    }

    /// The first that applies: unreadable, key, account, everything else at once.
    func read(_ bytes: [UInt8]) -> Reading {
        do {
            return .entry(try self.entry(try JSONReader.read(bytes)))
        } catch let error as JSONError {
            return error.motivo.quebraAGramatica ? .unreadable(error) : .refused(Problema(error))
        } catch let problema as Problema {
            return .refused(problema)
        } catch {
            return .refused(Problema(.ilegivel, detail: "O lançamento não pôde ser lido."))
        }
    }

    private func entry(_ json: JSONValue) throws(Problema) -> NovoLancamento {
        let leitura = self.reader.read(json)
        try self.checkKey(leitura)
        try self.identidade.exigir(contaDe: leitura)
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
