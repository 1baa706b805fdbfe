package import Access
package import Contrato
package import FluxoDeCaixa

/// The parameter `conta` of reads and lists: an account or a pattern.
package enum ContaParameter {
    /// The named account or pattern, or else the token's single entry.
    /// - Returns: the filter, or the faults of the parameter; a missing right has precedence over both.
    /// - Throws: `conta-nao-permitida`.
    package static func read(_ value: String?, _ identity: Identity) throws(Problema) -> Result<FiltroDeConta, ErrosDeCampo> {
        try identity.requireAnyConta()
        guard let value else {
            if let filtro = identity.onlyFilter { return .success(filtro) }
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
        try identity.require(filtro: filtro)
        return .success(filtro)
    }
}

/// The parameter `limite` of lists: how many items a page has.
package enum LimiteParameter {
    /// The accepted range.
    package static let accepted = 1...500
    /// The value of an absent parameter.
    package static let standard = 50

    /// - Throws: a fault of `limite`.
    package static func read(_ value: String?) throws(ErrosDeCampo) -> Int {
        guard let value else { return self.standard }
        // Decimal digits only: `Int` alone would accept "+5". The length prevents an overflow.
        guard (1...9).contains(value.utf8.count), value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let limit = Int(value) else {
            throw ErrosDeCampo(campo: "limite", codigo: .formato, mensagem: self.message)
        }
        guard self.accepted.contains(limit) else {
            throw ErrosDeCampo(campo: "limite", codigo: .foraDoIntervalo, mensagem: self.message)
        }
        return limit
    }

    private static let message = "Deve ser um inteiro de \(accepted.lowerBound) a \(accepted.upperBound)."
}

/// The parameter `separador` of calls with CSV answers.
package enum SeparadorParameter {
    /// - Throws: a fault of `separador`.
    package static func read(_ value: String?) throws(ErrosDeCampo) -> CSVWriter.Separador {
        guard let value else { return .virgula }
        guard let separador = CSVWriter.Separador.allCases.first(where: { $0.rawValue.utf8.elementsEqual(value.utf8) }) else {
            let accepted = CSVWriter.Separador.allCases.map { "`\($0.rawValue)`" }.joined(separator: " ou ")
            throw ErrosDeCampo(campo: "separador", codigo: .valorNaoAceito, mensagem: "Aceita-se \(accepted).")
        }
        return separador
    }
}
