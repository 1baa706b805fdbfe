package import Contrato
package import FluxoDeCaixa

/// The parameter `conta` of reads and lists: an account or a pattern.
package enum ContaParameter {
    /// What is asked for: the named account or pattern, or the token's one entry.
    /// - Returns: the faults of the parameter where there are any: what is not the caller's comes before them.
    /// - Throws: `conta-nao-permitida`.
    package static func read(_ value: String?, _ identidade: Identidade) throws(Problema) -> Result<FiltroDeConta, ErrosDeCampo> {
        try identidade.exigirContas()
        guard let value else {
            if let filtro = identidade.filtroUnico { return .success(filtro) }
            return .failure(
                ErrosDeCampo(
                    campo: "conta", codigo: .obrigatorio,
                    mensagem: "Obrigatória, porque o token dá acesso a mais de uma: o nome de uma conta, `nome.*` ou `*`."))
        }
        guard let filtro = FiltroDeConta(parsing: value) else {
            return .failure(
                ErrosDeCampo(
                    campo: "conta",
                    codigo: .formato,
                    mensagem: """
                        Segmentos de letras, dígitos, _ e -, separados por pontos, de 1 a 64 caracteres ao todo; ou `nome.*` para todas as \
                        contas abaixo de um nome, ou `*` para todas.
                        """
                )
            )
        }
        try identidade.exigir(filtro: filtro)
        return .success(filtro)
    }
}
