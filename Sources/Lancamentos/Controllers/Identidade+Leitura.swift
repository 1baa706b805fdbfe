import Access
import Contrato
import FluxoDeCaixa

extension Identidade {
    /// - Throws: `conta-nao-permitida` if the entry that was read, or tried to be, names an account that is not the caller's.
    func exigir(contaDe leitura: Result<NovoLancamento, LancamentoRecusado>) throws(Problema) {
        let conta: Conta? =
            switch leitura {
            case .success(let novo): novo.conta
            case .failure(let recusa): recusa.conta
            }
        if let conta { try self.exigir(conta: conta) } else { try self.exigirContas() }
    }
}
