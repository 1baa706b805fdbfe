/// A registered entry. It never changes; `estornadoPor` alone appears later, when another entry reverses it.
package struct Lancamento: Sendable {
    /// Of version 7; its moment is that of registration.
    package var id: LancamentoID
    package var conta: Conta
    package var tipo: Tipo
    package var valor: Valor
    /// The day on which the cash moved, in the business time zone.
    package var data: Dia
    package var natureza: Natureza
    /// At most ``NovoLancamento/descricaoMaximaEmEscalares``.
    package var descricao: String?
    package var categoria: String?
    /// The caller's own document number.
    package var referencia: String?
    package var metadados: Metadados
    /// Who sent it: the token's subject or the broker's user.
    package var registradoPor: String?
    /// How it came in.
    package var canal: Canal
    /// The idempotency key that it was sent with, if any.
    package var chave: Chave?
    /// The entry that this one reverses.
    package var estornoDe: LancamentoID?
    /// The entry that reverses this one.
    package var estornadoPor: LancamentoID?

    /// As it is stored: nothing is checked here but what the types hold.
    package init(
        id: LancamentoID,
        conta: Conta,
        tipo: Tipo,
        valor: Valor,
        data: Dia,
        natureza: Natureza = .operacional,
        descricao: String? = nil,
        categoria: String? = nil,
        referencia: String? = nil,
        metadados: Metadados = .vazio,
        registradoPor: String? = nil,
        canal: Canal,
        chave: Chave? = nil,
        estornoDe: LancamentoID? = nil,
        estornadoPor: LancamentoID? = nil
    ) {
        self.id = id
        self.conta = conta
        self.tipo = tipo
        self.valor = valor
        self.data = data
        self.natureza = natureza
        self.descricao = descricao
        self.categoria = categoria
        self.referencia = referencia
        self.metadados = metadados
        self.registradoPor = registradoPor
        self.canal = canal
        self.chave = chave
        self.estornoDe = estornoDe
        self.estornadoPor = estornadoPor
    }

    /// The entry that registering what was sent makes; `hoje` is its day if none was sent.
    package init(_ novo: NovoLancamento, id: LancamentoID, hoje: Dia, registradoPor: String?, canal: Canal) {
        self.init(
            id: id,
            conta: novo.conta,
            tipo: novo.tipo,
            valor: novo.valor,
            data: novo.data ?? hoje,
            natureza: novo.natureza,
            descricao: novo.descricao,
            categoria: novo.categoria,
            referencia: novo.referencia,
            metadados: novo.metadados,
            registradoPor: registradoPor,
            canal: canal,
            chave: novo.chave
        )
    }

    /// When it was registered: the id's own moment.
    package var registradoEm: Instante { id.instante }
}

extension Lancamento: Equatable {
    /// Texts compare by bytes.
    package static func == (lhs: Lancamento, rhs: Lancamento) -> Bool {
        lhs.id == rhs.id && lhs.conta == rhs.conta && lhs.tipo == rhs.tipo && lhs.valor == rhs.valor && lhs.data == rhs.data
            && lhs.natureza == rhs.natureza && lhs.descricao.temOsMesmosBytes(que: rhs.descricao)
            && lhs.categoria.temOsMesmosBytes(que: rhs.categoria) && lhs.referencia.temOsMesmosBytes(que: rhs.referencia)
            && lhs.metadados == rhs.metadados && lhs.registradoPor.temOsMesmosBytes(que: rhs.registradoPor) && lhs.canal == rhs.canal
            && lhs.chave == rhs.chave && lhs.estornoDe == rhs.estornoDe && lhs.estornadoPor == rhs.estornadoPor
    }
}
