package import FluxoDeCaixa

/// What a balance needs of an entry.
package struct LancamentoAplicavel: Sendable {
    /// Longer kinds are refused: they are stored with every entry.
    package static let naturezaMaximaEmEscalares = 64

    /// Always of version 7.
    package var id: LancamentoID
    package var conta: Conta
    /// Any day: no window applies once an entry is registered.
    package var data: Dia
    package var tipo: Tipo
    /// As received: a newer entry service may know kinds that this program does not.
    package var natureza: String
    package var valor: Valor
    /// The entry that this one reverses.
    package var estornoDe: LancamentoID?

    package init(
        id: LancamentoID,
        conta: Conta,
        data: Dia,
        tipo: Tipo,
        natureza: String,
        valor: Valor,
        estornoDe: LancamentoID? = nil
    ) {
        self.id = id
        self.conta = conta
        self.data = data
        self.tipo = tipo
        self.natureza = natureza
        self.valor = valor
        self.estornoDe = estornoDe
    }
}

extension LancamentoAplicavel: Equatable {
    /// Texts compare by bytes.
    package static func == (lhs: LancamentoAplicavel, rhs: LancamentoAplicavel) -> Bool {
        lhs.id == rhs.id && lhs.conta == rhs.conta && lhs.data == rhs.data && lhs.tipo == rhs.tipo
            && lhs.natureza.temOsMesmosBytes(que: rhs.natureza) && lhs.valor == rhs.valor && lhs.estornoDe == rhs.estornoDe
    }
}
