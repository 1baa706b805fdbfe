package import FluxoDeCaixa

/// An error as callers see it (RFC 9457), over HTTP and in AMQP replies.
package struct Problema: Error, Hashable, Sendable {
    /// The part of `type` after `#`: stable, with one explanation each.
    package enum Nome: String, Hashable, Sendable, CaseIterable {
        /// JSON, UTF-8 or percent-encoding that cannot be read.
        case ilegivel
        /// The idempotency key is malformed, too long, sent twice, or missing where required.
        case chaveInvalida = "chave-invalida"
        /// No token, or an invalid one.
        case naoAutenticado = "nao-autenticado"
        /// The token's scope does not cover the call.
        case escopoInsuficiente = "escopo-insuficiente"
        /// The token or the sender does not cover the account.
        case contaNaoPermitida = "conta-nao-permitida"
        /// The path or entry does not exist, or the caller may not see it.
        case naoEncontrado = "nao-encontrado"
        case metodo
        /// The entries asked for are not in the balance within the wait.
        case aindaNaoConsolidado = "ainda-nao-consolidado"
        /// The entry to be reversed is itself an estorno.
        case estornoDeEstorno = "estorno-de-estorno"
        /// The body or line is over its limit.
        case corpoGrande = "corpo-grande"
        /// The body's type or coding is not accepted.
        case tipoDeMidia = "tipo-de-midia"
        /// The request can be read but breaks rules; `erros` names each.
        case invalido
        /// The idempotency key belongs to an entry of other content.
        case chaveComOutroConteudo = "chave-com-outro-conteudo"
        /// The subject's limit is reached.
        case limiteDeTaxa = "limite-de-taxa"
        /// The limit of the system is reached; nothing was registered.
        case sobrecarga
        /// The database is unavailable; nothing was registered.
        case bancoIndisponivel = "banco-indisponivel"
        case resultadoDesconhecido = "resultado-desconhecido"
    }

    package var nome: Nome
    /// What happened this time, in Portuguese.
    package var detail: String
    /// The faults of `invalido`.
    package var erros: [ErroDeCampo]
    /// The entry of `resultado-desconhecido` that may have been registered.
    package var id: LancamentoID?

    package init(_ nome: Nome, detail: String, erros: [ErroDeCampo] = [], id: LancamentoID? = nil) {
        self.nome = nome
        self.detail = detail
        self.erros = erros
        self.id = id
    }

    /// `invalido` with these faults.
    package init(_ erros: ErrosDeCampo) {
        let quantos = erros.erros.count
        self.init(
            .invalido,
            detail: quantos == 1 ? "O pedido tem um erro; veja `erros`." : "O pedido tem \(quantos) erros; veja `erros`.",
            erros: erros.erros
        )
    }

    /// `ilegivel` with position and cause.
    package init(_ erro: JSONError) {
        self.init(.ilegivel, detail: erro.mensagem)
    }
}

extension Problema.Nome {
    /// The HTTP status, and the header `status` of an AMQP reply.
    package var status: Int {
        switch self {
        case .ilegivel, .chaveInvalida: 400
        case .naoAutenticado: 401
        case .escopoInsuficiente, .contaNaoPermitida: 403
        case .naoEncontrado: 404
        case .metodo: 405
        case .aindaNaoConsolidado, .estornoDeEstorno: 409
        case .corpoGrande: 413
        case .tipoDeMidia: 415
        case .invalido, .chaveComOutroConteudo: 422
        case .limiteDeTaxa: 429
        case .sobrecarga, .bancoIndisponivel, .resultadoDesconhecido: 503
        }
    }

    /// A summary, the same for every problem of this name.
    package var title: String {
        switch self {
        case .ilegivel: "Pedido ilegível"
        case .chaveInvalida: "Chave de idempotência inválida"
        case .naoAutenticado: "Não autenticado"
        case .escopoInsuficiente: "Escopo insuficiente"
        case .contaNaoPermitida: "Conta não permitida"
        case .naoEncontrado: "Não encontrado"
        case .metodo: "Método não permitido"
        case .aindaNaoConsolidado: "Ainda não consolidado"
        case .estornoDeEstorno: "Um estorno não pode ser estornado"
        case .corpoGrande: "Corpo grande demais"
        case .tipoDeMidia: "Tipo de mídia não aceito"
        case .invalido: "Dados inválidos"
        case .chaveComOutroConteudo: "Chave de idempotência já usada com outro conteúdo"
        case .limiteDeTaxa: "Limite de requisições excedido"
        case .sobrecarga: "Capacidade esgotada no momento"
        case .bancoIndisponivel: "Banco de dados indisponível"
        case .resultadoDesconhecido: "Resultado desconhecido"
        }
    }

    /// The member `type`, a URL at which the problem is explained.
    package func type(urlPublica: String) -> String {
        "\(urlPublica)/problemas#\(self.rawValue)"
    }
}

extension Problema {
    /// Returns the whole body, `application/problem+json`.
    /// - Parameter requestID: the UUID of the header `X-Request-Id`.
    package func json(urlPublica: String, requestID: String) -> [UInt8] {
        var writer = JSONWriter()
        self.write(to: &writer, urlPublica: urlPublica, requestID: requestID)
        return writer.bytes
    }

    /// Writes the problem as a value inside another document, such as a line of a lote.
    package func write(to writer: inout JSONWriter, urlPublica: String, requestID: String) {
        writer.object { writer in
            writer.member("type", self.nome.type(urlPublica: urlPublica))
            writer.member("title", self.nome.title)
            writer.member("status", self.nome.status)
            writer.member("detail", self.detail)
            writer.member("instance", "urn:uuid:\(requestID)")
            if !self.erros.isEmpty {
                writer.array("erros") { writer in
                    for erro in self.erros {
                        writer.object { writer in
                            writer.member("campo", erro.campo)
                            writer.member("codigo", erro.codigo.rawValue)
                            writer.member("mensagem", erro.mensagem)
                        }
                    }
                }
            }
            writer.member("id", ifPresent: self.id?.description)
        }
    }
}

extension Problema: CustomStringConvertible {
    /// The name and the codes only: `detail` and field names may contain what a user wrote.
    package var description: String {
        self.erros.isEmpty ? self.nome.rawValue : "\(self.nome.rawValue): \(ErrosDeCampo(self.erros))"
    }
}
