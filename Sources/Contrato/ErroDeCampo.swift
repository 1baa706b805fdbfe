/// One fault in what a caller sent.
package struct ErroDeCampo: Sendable, Hashable {
    /// What is wrong: a stable word for programs.
    package enum Codigo: String, Sendable, CaseIterable {
        /// A required member or parameter is absent.
        case obrigatorio
        /// The JSON type is not accepted.
        case tipoInvalido = "tipo_invalido"
        /// Not in the required form.
        case formato
        /// In the required form, but out of range.
        case foraDoIntervalo = "fora_do_intervalo"
        /// Too long, or too many.
        case tamanho
        /// The member or parameter is unknown.
        case desconhecido
        /// The parameter is given more than once.
        case repetido
        /// A character that cannot be stored.
        case caractereProibido = "caractere_proibido"
        /// Not one of the accepted values.
        case valorNaoAceito = "valor_nao_aceito"
    }

    /// Dotted member path, parameter or header name.
    package let campo: String
    /// What is wrong.
    package let codigo: Codigo
    /// What is accepted, in Portuguese.
    package let mensagem: String

    /// A fault of this member, parameter or header.
    package init(campo: String, codigo: Codigo, mensagem: String) {
        self.campo = campo
        self.codigo = codigo
        self.mensagem = mensagem
    }
}

/// Every fault of a request that can be read but is not allowed; at least one.
package struct ErrosDeCampo: Error, Hashable, Sendable {
    /// In the order of the answer.
    package let erros: [ErroDeCampo]

    /// - Parameter erros: at least one.
    package init(_ erros: [ErroDeCampo]) {
        self.erros = erros
    }

    /// A single fault.
    package init(campo: String, codigo: ErroDeCampo.Codigo, mensagem: String) {
        self.init([ErroDeCampo(campo: campo, codigo: codigo, mensagem: mensagem)])
    }
}

extension ErrosDeCampo: CustomStringConvertible {
    /// Codes only: field names may contain what a user wrote.
    package var description: String {
        "\(self.erros.count) erro(s): \(self.erros.map(\.codigo.rawValue).joined(separator: ", "))"
    }
}

/// Collects faults whose number the sender controls, up to a limit: a small bad body must not cause a huge answer.
struct BoundedFaults {
    static let quantidadeMaxima = 32
    static let comprimentoMaximoDoNomeEmEscalares = 64

    private var primeiros: [ErroDeCampo] = []
    private var demais = 0

    mutating func report(_ campo: String, _ codigo: ErroDeCampo.Codigo, _ mensagem: String) {
        if self.primeiros.count < BoundedFaults.quantidadeMaxima {
            self.primeiros.append(ErroDeCampo(campo: campo, codigo: codigo, mensagem: mensagem))
        } else {
            self.demais += 1
        }
    }

    /// The faults. The message of the last one counts those beyond the limit.
    var erros: [ErroDeCampo] {
        guard self.demais > 0, let ultimo = self.primeiros.last else { return self.primeiros }
        let mensagem = "\(ultimo.mensagem) Há mais \(self.demais) \(self.demais == 1 ? "erro" : "erros") como este."
        return self.primeiros.dropLast() + [ErroDeCampo(campo: ultimo.campo, codigo: ultimo.codigo, mensagem: mensagem)]
    }

    /// Returns the sender's name, truncated for an answer.
    static func truncated(_ nome: String) -> String {
        guard nome.hasMoreScalars(than: self.comprimentoMaximoDoNomeEmEscalares) else { return nome }
        var curto = String.UnicodeScalarView()
        curto.append(contentsOf: nome.unicodeScalars.prefix(self.comprimentoMaximoDoNomeEmEscalares - 1))
        curto.append("…")
        return String(curto)
    }
}
