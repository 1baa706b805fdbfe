/// An entry as a caller sent it: valid, not yet registered.
package struct NovoLancamento: Sendable {
    /// Lengths count Unicode scalars.
    package static let descricaoMaximaEmEscalares = 200
    package static let categoriaMaximaEmEscalares = 64
    package static let referenciaMaximaEmEscalares = 128

    package var conta: Conta
    package var tipo: Tipo
    package var valor: Valor
    /// The day that was sent; nil stands for the day of registration.
    package var data: Dia?
    package var natureza: Natureza
    package var descricao: String?
    package var categoria: String?
    /// The caller's own document number.
    package var referencia: String?
    package var metadados: Metadados
    /// The idempotency key; not part of the content.
    package var chave: Chave?

    /// The caller checks the lengths of texts.
    package init(
        conta: Conta,
        tipo: Tipo,
        valor: Valor,
        data: Dia? = nil,
        natureza: Natureza = .operacional,
        descricao: String? = nil,
        categoria: String? = nil,
        referencia: String? = nil,
        metadados: Metadados = .vazio,
        chave: Chave? = nil
    ) {
        self.conta = conta
        self.tipo = tipo
        self.valor = valor
        self.data = data
        self.natureza = natureza
        self.descricao = descricao
        self.categoria = categoria
        self.referencia = referencia
        self.metadados = metadados
        self.chave = chave
    }
}

extension NovoLancamento {
    /// The content as bytes, to compare two requests with the same key. Two contents are equal exactly if every member but the key is equal,
    /// texts by bytes.
    ///
    /// A default equals its absence, and the order of `metadados` does not count. An absent `data` equals only an absent one, so that a
    /// retry after midnight has the same content. The first byte is the version of this format. Stored hashes depend on it: another
    /// format needs another version, and the old one must stay computable.
    package var conteudoNormalizado: [UInt8] {
        var conteudo: [UInt8] = [NovoLancamento.versaoDoConteudo]
        conteudo.reserveCapacity(192)
        Self.anexar(texto: self.conta.nome, a: &conteudo)
        Self.anexar(texto: self.tipo.rawValue, a: &conteudo)
        Self.anexar(inteiro: UInt64(bitPattern: self.valor.centavos), a: &conteudo)
        Self.anexar(opcional: self.data?.description, a: &conteudo)
        Self.anexar(texto: self.natureza.rawValue, a: &conteudo)
        Self.anexar(opcional: self.descricao, a: &conteudo)
        Self.anexar(opcional: self.categoria, a: &conteudo)
        Self.anexar(opcional: self.referencia, a: &conteudo)
        Self.anexar(inteiro: UInt64(self.metadados.itens.count), a: &conteudo)
        for item in self.metadados.itens {
            Self.anexar(texto: item.nome, a: &conteudo)
            Self.anexar(texto: item.valor, a: &conteudo)
        }
        return conteudo
    }

    private static let versaoDoConteudo: UInt8 = 1

    private static func anexar(opcional texto: String?, a conteudo: inout [UInt8]) {
        conteudo.append(texto == nil ? 0 : 1)
        if let texto { self.anexar(texto: texto, a: &conteudo) }
    }

    /// The length prefix makes the encoding unambiguous.
    private static func anexar(texto: String, a conteudo: inout [UInt8]) {
        self.anexar(inteiro: UInt64(texto.utf8.count), a: &conteudo)
        conteudo.append(contentsOf: texto.utf8)
    }

    private static func anexar(inteiro: UInt64, a conteudo: inout [UInt8]) {
        for deslocamento in stride(from: 56, through: 0, by: -8) {
            conteudo.append(UInt8(truncatingIfNeeded: inteiro >> UInt64(deslocamento)))
        }
    }
}

extension NovoLancamento: Equatable {
    package static func == (lhs: NovoLancamento, rhs: NovoLancamento) -> Bool {
        lhs.chave == rhs.chave && lhs.conteudoNormalizado == rhs.conteudoNormalizado
    }
}
