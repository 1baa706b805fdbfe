package import FluxoDeCaixa

/// Reads the body of an estorno, where there is one.
package struct PedidoDeEstornoReader: Sendable {
    private enum Membro: String, CaseIterable {
        case data, descricao
    }

    /// Every member that is read.
    package static let membros = Membro.allCases.map(\.rawValue)

    private let ultima: Dia

    /// For one sender's day.
    package init(janela: JanelaDeDatas) {
        ultima = janela.ultima
    }

    /// What was asked for, or every fault of form at once. Whether the day suits the original is not looked at here.
    package func read(_ json: JSONValue) throws(ErrosDeCampo) -> PedidoDeEstorno {
        guard case .object(let membros) = json else {
            throw ErrosDeCampo(campo: "corpo", codigo: .tipoInvalido, mensagem: "Deve ser um objeto JSON.")
        }
        var leitura = LeituraDeMembros<Membro>(membros, aceitos: Set(Membro.allCases))
        let data = leitura.dia(.data)
        if let data, data > ultima {
            leitura.acusar(.data, .foraDoIntervalo, "Não pode ser depois de \(ultima).")
        }
        let descricao = leitura.texto(.descricao, maximoEmEscalares: NovoLancamento.descricaoMaximaEmEscalares)
        let erros = leitura.todosOsErros()
        guard erros.isEmpty else { throw ErrosDeCampo(erros) }
        return PedidoDeEstorno(data: data, descricao: descricao)
    }
}
