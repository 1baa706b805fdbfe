/// A registered entry. It never changes; `estornadoPor` alone appears later, when another entry reverses it.
package struct Lancamento: Sendable {
    /// A UUID of version 7; its instant is that of registration.
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
    package var canal: Canal
    /// The idempotency key that it was sent with, if any.
    package var chave: Chave?
    /// The entry that this one reverses.
    package var estornoDe: LancamentoID?
    /// The entry that reverses this one.
    package var estornadoPor: LancamentoID?

    /// An entry as it is stored. Nothing is checked beyond what the types guarantee.
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

    /// The entry that registering `novo` creates; `hoje` is its day if none was sent.
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

    /// When it was registered: the id's instant.
    package var registradoEm: Instante { self.id.instante }
}

extension Lancamento: Equatable {
    /// Texts compare by bytes.
    package static func == (lhs: Lancamento, rhs: Lancamento) -> Bool {
        lhs.id == rhs.id && lhs.conta == rhs.conta && lhs.tipo == rhs.tipo && lhs.valor == rhs.valor && lhs.data == rhs.data
            && lhs.natureza == rhs.natureza && lhs.descricao.hasSameBytes(as: rhs.descricao)
            && lhs.categoria.hasSameBytes(as: rhs.categoria) && lhs.referencia.hasSameBytes(as: rhs.referencia)
            && lhs.metadados == rhs.metadados && lhs.registradoPor.hasSameBytes(as: rhs.registradoPor) && lhs.canal == rhs.canal
            && lhs.chave == rhs.chave && lhs.estornoDe == rhs.estornoDe && lhs.estornadoPor == rhs.estornadoPor
    }
}

/// Which way the cash moved.
package enum Tipo: String, Hashable, Sendable, CaseIterable {
    /// Cash came in.
    case credito
    /// Cash went out.
    case debito

    /// The `tipo` of an entry's estorno.
    package var oposto: Tipo {
        switch self {
        case .credito: .debito
        case .debito: .credito
        }
    }
}

/// The kind of an entry. Only `transferencia` shows in a balance, as part of its totals.
package enum Natureza: String, Hashable, Sendable, CaseIterable {
    /// The business itself: the default.
    case operacional
    /// Cash moved between accounts of the same owner.
    case transferencia
    /// The opening balance of an account that existed before.
    case implantacao
    /// A correction of the balance.
    case ajuste
}

/// How an entry arrived.
package enum Canal: String, Hashable, Sendable, CaseIterable {
    /// A single request.
    case rest
    /// One of many entries in a request.
    case lote
    /// A command from the queue.
    case fila
}
