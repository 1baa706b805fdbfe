import Contrato
import FluxoDeCaixa
import ServiceKit

/// The parameter `conta` of the reads.
enum ContaParameter {
    /// The account that is asked for: the named one, or the token's if it names exactly one.
    /// - Returns: the faults of the parameter where there are any: an account that is not the caller's comes before them.
    /// - Throws: `conta-nao-permitida`.
    static func read(_ value: String?, _ identidade: Identidade) throws(Problema) -> Result<Conta, ErrosDeCampo> {
        try identidade.exigirContas()
        guard let value else {
            if case .uma(let conta)? = identidade.filtroUnico { return .success(conta) }
            return .failure(ErrosDeCampo(campo: "conta", codigo: .obrigatorio, mensagem: "Obrigatória: o nome de uma conta."))
        }
        guard let conta = Conta(value) else {
            return .failure(
                ErrosDeCampo(
                    campo: "conta",
                    codigo: .formato,
                    mensagem: "Segmentos de letras, dígitos, _ e -, separados por pontos; de 1 a 64 caracteres ao todo."
                )
            )
        }
        try identidade.exigir(conta: conta)
        return .success(conta)
    }
}
